import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import { type Clock, type Log, systemClock } from "#base";
import { openStore } from "#image";
import type { NodeRuntime } from "#node";
import { Controllers } from "../controllers/controllers.ts";
import { lowestBindablePort } from "../pods/bindable-ports.ts";
import { createContainerImages, type ContainerImages, type PullForPod } from "../pods/container-images.ts";
import { AddressAllocator, addressRanges } from "../pods/pod-addresses.ts";
import type { PodContext } from "../pods/pod-context.ts";
import { PodManager } from "../pods/pod-manager.ts";
import { StartGate } from "../pods/start-gate.ts";
import { BalancerSupervisor } from "../services/balancer-supervisor.ts";
import { EventStore } from "../store/event-store.ts";
import { ObjectStore } from "../store/object-store.ts";
import { openStateDatabase } from "../store/state-database.ts";
import { type StatePaths, statePaths } from "../store/state-paths.ts";
import { timestampOf } from "../store/timestamp.ts";
import type { DownRequest, Health } from "./api.ts";
import { ApiServer } from "./api-server.ts";
import { openControlLog } from "./control-log.ts";
import { forgetState } from "./forget-state.ts";
import { ObjectApi } from "./object-api.ts";

/** How long guests may take to end when control ends; those that take longer are killed. */
const STOP_GRACE_MS_MAX = 10_000;

export interface DaemonOptions {
  readonly stateDir: string;
  /** The local image store's folder, shared with `kwasm build`. */
  readonly imagesDir: string;
  readonly version: string;
  /** Starts the machine's runtime; control closes it when it ends. */
  readonly createRuntime: (log: Log) => NodeRuntime | Promise<NodeRuntime>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Asks registries for images; without it pods start from the local store alone. */
  readonly pullImage?: PullForPod;
  /** In place of the local store; tests bring their own. */
  readonly images?: ContainerImages;
}

/** The control process of one state folder, as an object: the process around it only adds signals. */
export interface Daemon extends AsyncDisposable {
  readonly paths: StatePaths;
  /** Ends guests in order and everything else after them, and keeps what should run. Idempotent. */
  close(): Promise<void>;
  /** Resolves when it has ended, whoever asked for it. */
  readonly closed: Promise<void>;
  /** For a process that lives on after its daemon: lets go of those who asked for `down` and wait for the process's end. */
  releaseCallers(): void;
}

/**
 * Starts control for a state folder: takes the folder's lock, then goes on where its last life ended. Throws
 * `failed-precondition` when another process holds the folder.
 */
export async function runDaemon(options: DaemonOptions): Promise<Daemon> {
  const paths = statePaths(options.stateDir);
  const database = openStateDatabase(options.stateDir);
  const stack = new AsyncDisposableStack();
  stack.defer(() => database.close());
  try {
    return await startOver(options, { paths, database, stack });
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

interface Ground {
  readonly paths: StatePaths;
  readonly database: DatabaseSync;
  /** What is opened is put here at once, so that it closes in the reverse order, a failed start's included. */
  readonly stack: AsyncDisposableStack;
}

async function startOver(options: DaemonOptions, { paths, database, stack }: Ground): Promise<Daemon> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? openControlLog(paths.controlLog);
  const store = new ObjectStore(database, clock, log);
  const events = new EventStore(database, clock);
  ensureDefaultNamespace(store);
  const runtime = stack.adopt(await options.createRuntime(log), (opened) => opened.close());
  const base = { store, events, clock, log, lowestPort: lowestBindablePort() };
  const pods = new PodManager(
    podContext(options, paths, { ...base, runtime, drain: (address) => controllers.drain(address) }),
  );
  stack.defer(() => pods.close(STOP_GRACE_MS_MAX));
  const balancer = stack.use(
    new BalancerSupervisor({ clock, log, onReport: (report) => controllers.services.report(report) }),
  );
  const { services } = addressRanges(paths.stateDir);
  const used = store.list("Service").flatMap(({ spec }) => (spec.clusterIP === undefined ? [] : [spec.clusterIP]));
  const controllers = stack.use(
    new Controllers({ ...base, balancer, addresses: new AddressAllocator(services, used) }),
  );
  balancer.start();
  await pods.start();
  controllers.start();
  const ending = new Ending(stack, () => forgetState(paths));
  const startedAt = timestampOf(clock.nowMs());
  const health = (): Health => ({
    version: options.version,
    pid: process.pid,
    startedAt,
    objectCount: store.listAll().length,
    podCount: store.list("Pod").length,
    cells: runtime.listCells(),
    ...(balancer.pid === undefined ? {} : { balancerPid: balancer.pid }),
  });
  const objects = new ObjectApi({ store, events, clock, onApplied: () => pods.retryBlocked() });
  const server = new ApiServer({
    objects,
    store,
    log,
    health,
    settle: () => controllers.settle(),
    isEnding: () => ending.isEnding,
    onDown: (request) => void ending.end(request),
  });
  await server.listen(paths.socket);
  ending.closeLast(server);
  log.info("control is ready", { stateDir: paths.stateDir, pid: process.pid });
  const close = (): Promise<void> => ending.end({ keepObjects: true });
  return {
    paths,
    close,
    closed: ending.ended,
    releaseCallers: () => server.releaseCallers(),
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Ends control once. The API's socket goes last, so that a caller who waits for the end of its connection knows that
 * nothing is left; the stack's order is: controllers, balancer, pods, runtime, database.
 */
class Ending {
  readonly #stack: AsyncDisposableStack;
  readonly #forget: () => Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  #server: ApiServer | undefined;
  #isEnding = false;

  constructor(stack: AsyncDisposableStack, forget: () => Promise<void>) {
    this.#stack = stack;
    this.#forget = forget;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  closeLast(server: ApiServer): void {
    this.#server = server;
  }

  /** Never rejects: `ended` carries what went wrong. */
  async end({ keepObjects }: DownRequest): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#endOnce(keepObjects).then(this.#ended.resolve, this.#ended.reject);
    }
    await this.#ended.promise;
  }

  async #endOnce(keepObjects: boolean): Promise<void> {
    try {
      await this.#stack.disposeAsync();
      if (!keepObjects) await this.#forget();
    } finally {
      this.#server?.close();
    }
  }
}

function ensureDefaultNamespace(store: ObjectStore): void {
  if (store.get("Namespace", "default") !== undefined) return;
  const metadata = { name: "default", labels: { "kubernetes.io/metadata.name": "default" }, annotations: {} };
  store.create({ apiVersion: "v1", kind: "Namespace", metadata, status: { phase: "Active" } });
}

function podContext(
  options: DaemonOptions,
  paths: StatePaths,
  parts: Pick<PodContext, "store" | "events" | "clock" | "log" | "lowestPort" | "runtime" | "drain">,
): PodContext {
  const used = parts.store.list("Pod").flatMap(({ status }) => (status?.podIP === undefined ? [] : [status.podIP]));
  mkdirSync(paths.podsDir, { recursive: true, mode: 0o700 });
  return {
    ...parts,
    images: options.images ?? createContainerImages(openStore(options.imagesDir), paths.unpackedDir, options.pullImage),
    paths,
    nodeName: hostname(),
    addresses: new AddressAllocator(addressRanges(paths.stateDir).pods, used),
    startGate: new StartGate(),
  };
}
