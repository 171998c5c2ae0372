import { execFile } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { childOf, type Namespaces } from "../containerd/namespaces.ts";
import { cachePath } from "../containerd/cached-folder.ts";
import type { ContainerdVersion, Prefix } from "../containerd/prefix.ts";
import { CONTROL_PLANE_IP, NODES_MAX, nodeAddress, nodePodSubnet } from "./addresses.ts";
import type { ApiServer } from "./api-server.ts";
import type { KubernetesPrograms } from "./kubernetes-programs.ts";
import { writeNodeFiles } from "./node-files.ts";
import { type Launcher, namespacesLauncher, type ServerProcess } from "./server-process.ts";

const execute = promisify(execFile);

export const stages = join(import.meta.dirname, "node-stages.sh");

/** What a node needs of its cluster. */
export interface NodeSurroundings {
  readonly options: {
    readonly containerd: ContainerdVersion;
    readonly podsMax: number;
    readonly nodeMebibytes: number;
  };
  readonly directory: string;
  readonly prefix: Prefix;
  readonly programs: KubernetesPrograms;
  readonly namespaces: Namespaces;
  readonly env: NodeJS.ProcessEnv;
  readonly server: ApiServer;
}

/** A machine of the cluster: containerd, kubelet and kube-proxy in namespaces and a root of their own. */
export class ClusterNode {
  readonly name: string;
  readonly #process: ServerProcess;
  readonly #surroundings: NodeSurroundings;

  static async start(number: number, surroundings: NodeSurroundings): Promise<ClusterNode> {
    const { directory, options, server, namespaces, env } = surroundings;
    const name = `node-${number}`;
    const folder = join(directory, "nodes", name);
    const { credentials } = server;
    mkdirSync(folder, { recursive: true });
    credentials.issue({
      [name]: { user: `system:node:${name}`, groups: ["system:nodes"], hosts: [name, nodeAddress(number)] },
    });
    const kubeconfig = credentials.writeKubeconfig(name, `https://${CONTROL_PLANE_IP}:6443`);
    const described = {
      ...options,
      name,
      podSubnet: nodePodSubnet(number),
      registryAddress: CONTROL_PLANE_IP,
      credentials,
    };
    writeNodeFiles(join(folder, "files"), described);
    const variables = { ...env, ...nodeVariables(number, name, folder, surroundings), NODE_KUBECONFIG: kubeconfig };
    const launcher: Launcher = namespacesLauncher(namespaces, folder, variables);
    return new ClusterNode(name, launcher.launch("node", [stages, "enter"]), surroundings);
  }

  private constructor(name: string, process: ServerProcess, surroundings: NodeSurroundings) {
    this.name = name;
    this.#process = process;
    this.#surroundings = surroundings;
  }

  /** Process 1 of the node, by the number that it has on the machine. */
  get pid(): number {
    return childOf(this.#process);
  }

  /** Ends the node as a power cut does, and removes its disk; its object stays in the API. */
  async stop(): Promise<void> {
    const { namespaces, env, directory } = this.#surroundings;
    await this.#process.kill("SIGKILL");
    await namespaces.run([stages, "remove", this.name], env);
    rmSync(join(directory, "nodes", this.name), { recursive: true, force: true });
  }

  /** Runs a command on the node, as an administrator who is logged in there. */
  async run(...command: readonly string[]): Promise<string> {
    const words = ["--target", String(this.pid), "--all", "--", ...command];
    return (await execute("nsenter", words, { env: this.#surroundings.env })).stdout;
  }
}

function nodeVariables(
  number: number,
  name: string,
  folder: string,
  { options, prefix, programs, directory }: NodeSurroundings,
): Readonly<Record<string, string>> {
  const [programFolder = "", systemFolder = ""] = prefix.programs;
  return {
    NODE_NAME: name,
    NODE_NUMBER: String(number),
    NODE_MEBIBYTES: String(options.nodeMebibytes),
    NODE_ADDRESS: nodeAddress(number),
    NODE_DIRECTORY: folder,
    NODE_NODES: String(NODES_MAX),
    NODE_VISIBLE: [directory, cachePath("."), join(import.meta.dirname)].join(" "),
    NODE_CONTAINERD: programFolder,
    NODE_RUNC: join(systemFolder, "runc"),
    NODE_PLUGINS: prefix.cniPlugins,
    NODE_KUBERNETES: programs.directory,
  };
}
