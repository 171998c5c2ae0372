import { hostname } from "node:os";

import { type Clock, type Log, systemClock } from "#base";
import {
  createEventRecorder,
  createInformer,
  createKubeClient,
  type KubeClient,
  type KubeConnection,
  resourceTypes,
  runController,
  runWithLease,
} from "#kube";

import { isWanted } from "./node/wish.ts";
import { createJobInformer } from "./node/job-informer.ts";
import { createNodeController } from "./node/node-controller.ts";
import { viewNode } from "./node/node-view.ts";
import { createPodInformer } from "./node/pod-informer.ts";
import { serveTexts } from "./process/http-endpoint.ts";
import { createMetrics, type Metrics } from "./process/metrics.ts";
import { createRuntimeClassController } from "./runtime-class/runtime-class-controller.ts";
import { createRuntimeClassInformer } from "./runtime-class/runtime-class-view.ts";
import type { Settings } from "./settings.ts";
import { createShimServer } from "./shim/serve-shims.ts";

/** KWasm's, so that an operator of it and this one never work at the same time. */
export const LEASE_NAME = "c74b86db.kwasm.sh";

/** Nodes are independent; each waits for the API server most of the time. */
const NODES_AT_ONCE = 4;

export interface OperatorOptions {
  readonly connection: KubeConnection;
  readonly settings: Settings;
  readonly log: Log;
  readonly metricsAddress: string;
  readonly healthAddress: string;
  readonly isElected: boolean;
  readonly clock?: Clock;
  /** Makes its client; tests let requests fail. */
  readonly connect?: typeof createKubeClient;
}

/** Runs until the signal aborts, and then until what is in hand has ended and the lease is given up. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { connection, settings, log, isElected } = options;
  const metrics = createMetrics(LEASE_NAME);
  const state = { isWaiting: isElected, hasSynced: false };
  await using _metrics = await serveTexts(options.metricsAddress, { "/metrics": () => metrics.text() });
  await using _health = await serveTexts(options.healthAddress, {
    "/healthz": () => "ok",
    // One that waits for the lease is ready to take over.
    "/readyz": () => (state.isWaiting || state.hasSynced ? "ok" : undefined),
  });
  const { connect = createKubeClient } = options;
  using client = connect({ connection, userAgent: "kwasm-operator", observe: metrics.observeRequest });
  async function lead(leading: AbortSignal): Promise<void> {
    state.isWaiting = false;
    metrics.setLeader(true);
    await runControllers({ ...options, client, metrics, onSynced: () => (state.hasSynced = true) }, leading);
    metrics.setLeader(false);
  }
  if (!isElected) {
    await lead(signal);
    return;
  }
  const identity = `${hostname()}_${String(process.pid)}`;
  await runWithLease({ client, name: LEASE_NAME, namespace: settings.namespace, identity, log }, lead, signal);
}

interface ControllersParts extends OperatorOptions {
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly onSynced: () => void;
}

async function runControllers(parts: ControllersParts, signal: AbortSignal): Promise<void> {
  const { client, settings, log, metrics, clock = systemClock } = parts;
  await using events = createEventRecorder({ client, controller: "kwasm.sh/operator", instance: hostname(), log });
  using nodes = createInformer({ client, log, type: resourceTypes.node, transform: viewNode });
  using jobs = createJobInformer({ client, log, settings });
  using pods = createPodInformer({ client, log, settings });
  using classes = createRuntimeClassInformer(client, log);
  const informers = [nodes, jobs, pods, classes];
  using _counted = nodes.onChange(() => {
    const wanted = nodes
      .items()
      .filter((node) => isWanted(node, settings.isAutomatic))
      .toArray();
    metrics.setNodes({ wanted: wanted.length, ready: wanted.filter(({ isLabelled }) => isLabelled).length });
  });
  const common = { client, settings, clock, log, events, nodes, jobs, pods };
  const node = createNodeController(common);
  const shims = createShimServer({ ...common, classes, observer: metrics.observer });
  const controllers = [
    { ...node, concurrency: NODES_AT_ONCE },
    createRuntimeClassController({ client, settings, log, events, classes, isOfShim: (name) => shims.hasClass(name) }),
  ];
  log.info("operator started", { installerImage: settings.installerImage, namespace: settings.namespace });
  await Promise.all([
    ...informers.map((informer) => informer.run(signal)),
    ...controllers.map((controller) => runController(controller, signal, { log, clock, observer: metrics.observer })),
    shims.run(signal),
    tellSynced(informers, parts.onSynced, signal),
  ]);
}

async function tellSynced(
  informers: readonly { whenSynced(signal: AbortSignal): Promise<void> }[],
  onSynced: () => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await Promise.all(informers.map((informer) => informer.whenSynced(signal)));
    onSynced();
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}
