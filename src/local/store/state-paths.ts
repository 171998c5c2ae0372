import { join } from "node:path";

/** Where everything in a state folder is. Names in paths are Kubernetes names, which hold no slash and no `..`. */
export interface StatePaths {
  readonly stateDir: string;
  readonly socket: string;
  readonly controlLog: string;
  /** Files of one pod; gone with it. */
  readonly podDir: (podUid: string) => string;
  readonly podsDir: string;
  /** Logs of one pod, laid out as the kubelet does below /var/log/pods. */
  readonly podLogDir: (pod: LoggedPod) => string;
  readonly logsDir: string;
  readonly unpackedDir: string;
}

/** What names a pod's log folder. */
export interface LoggedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function statePaths(stateDir: string): StatePaths {
  const podsDir = join(stateDir, "pods");
  const logsDir = join(stateDir, "logs");
  return {
    stateDir,
    socket: join(stateDir, "control.sock"),
    controlLog: join(stateDir, "control.log"),
    podsDir,
    podDir: (podUid) => join(podsDir, podUid),
    logsDir,
    podLogDir: ({ namespace, name, uid }) => join(logsDir, `${namespace}_${name}_${uid}`),
    unpackedDir: join(stateDir, "unpacked"),
  };
}

/** One run's log: runs are numbered by the restarts before them. */
export function containerLogPath(podLogDir: string, containerName: string, run: number): string {
  return join(podLogDir, containerName, `${run}.log`);
}
