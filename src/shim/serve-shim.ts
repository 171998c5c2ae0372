import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Clock, Log } from "#base";
import { type CellHost, type CellPlaces, createNodeRuntime, type NodeRuntime } from "#node";
import { Empty } from "#proto";
import { method, type Services } from "#ttrpc";

import { ContainerdImages } from "./content/containerd-images.ts";
import { EventJournal } from "./event-journal.ts";
import { EventPublisher } from "./event-publisher.ts";
import { pingMethod } from "./keeper/ping-method.ts";
import { clearTasks, type RestoreOptions, restoreTasks } from "./restore-tasks.ts";
import type { Pod } from "./pod.ts";
import { PodFiles } from "./sandbox/pod-files.ts";
import { SandboxController } from "./sandbox/sandbox-controller.ts";
import { SandboxStore } from "./sandbox/sandbox-store.ts";
import type { CgroupVersion } from "./task-answers.ts";
import { NativeTasks } from "./native/native-tasks.ts";
import type { Containerd } from "./native/runc-shim.ts";
import { TaskEvents } from "./task-events.ts";
import { TaskJournal } from "./task-journal.ts";
import { TaskService } from "./task-service.ts";

export interface ShimOptions {
  /** Holds what this process writes down for the next one. */
  readonly directory: string;
  readonly containerd: Containerd;
  /** containerd's folder of persistent data: `root` in its configuration. */
  readonly containerdRoot: string;
  readonly cgroups: CgroupVersion;
  /** Where cells are counted; by default where this process is. */
  readonly places?: CellPlaces;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: CellHost;
  /** Of the process that containerd is connected to, as the stub reads it. */
  readonly processMark: string;
}

export interface Shim extends AsyncDisposable {
  readonly services: Services;
}

/**
 * What stands behind all shims of a containerd. It goes on where an earlier process of the same host ended. Without one,
 * what was left behind is dropped: containerd has seen its connections end and counts its tasks as dead.
 */
export async function openShim(options: ShimOptions): Promise<Shim> {
  const { directory, containerd, cgroups, clock, log, host } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await using stack = new AsyncDisposableStack();
  const places = options.places === undefined ? {} : { places: options.places };
  const runtime = stack.adopt(
    createNodeRuntime({ stateDir: join(directory, "node"), log, host, ...places }),
    (opened) => opened.close(),
  );
  const queue = EventJournal.open(join(directory, "events.journal"), log);
  const publisher = stack.use(new EventPublisher({ address: containerd.eventsAddress, clock, log, queue }));
  const events = new TaskEvents(publisher);
  const journal = stack.use(TaskJournal.open(join(directory, "tasks.journal"), log));
  const now = (): number => clock.nowMs();
  const base = { containerd, processMark: options.processMark, publisher, clock, log };
  const natives = stack.use(new NativeTasks({ directory: join(directory, "native"), ...base }));
  const restore: RestoreOptions = { runtime, natives, journal, observer: events, now, log };
  // Nobody can ask for guests whose tasks are not known; containerd is told so when it asks for them.
  if (host.inherited.isFirst || journal.isDamaged) await forgetAll(restore);
  const controller = createController(runtime, options);
  await controller.restore();
  const images = stack.use(new ContainerdImages(containerd.address, join(directory, "images")));
  const findPod = (id: string, namespace: string): Pod | undefined => controller.findPod(id, namespace);
  const tasks = await restoreTasks(restore);
  const parts = { runtime, natives, events, journal, log, cgroups, now, findPod, images };
  const service = new TaskService(parts, tasks);
  const ping = { [pingMethod.method]: method(Empty, Empty, () => ({})) };
  const owned = stack.move();
  return {
    services: { ...service.services, ...controller.services, [pingMethod.service]: ping },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function createController(runtime: NodeRuntime, options: ShimOptions): SandboxController {
  const { directory, containerdRoot, cgroups, clock, log } = options;
  return new SandboxController({
    runtime,
    cgroups,
    store: new SandboxStore(join(directory, "sandboxes"), log),
    files: new PodFiles(containerdRoot),
    taskSocket: join(directory, "shim.sock"),
    now: () => clock.nowMs(),
  });
}

/** But for the sandbox controller's pods: containerd asks for those again. */
async function forgetAll(options: RestoreOptions): Promise<void> {
  await clearTasks(options);
  for (const { id } of options.runtime.listSandboxes()) await options.runtime.deleteSandbox(id);
}
