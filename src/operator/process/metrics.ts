import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

import type { ControllerObserver, RequestObserver } from "#kube";

/** What the operator tells Prometheus, under controller-runtime's and client-go's names, which dashboards know. */
export interface Metrics {
  readonly observer: ControllerObserver;
  readonly observeRequest: RequestObserver;
  setLeader(isLeader: boolean): void;
  /** Nodes on which Wasm pods can start, and nodes that are to have the runtime. */
  setNodes(count: { readonly ready: number; readonly wanted: number }): void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

const secondsOf = (durationMs: number): number => durationMs / 1000;

export function createMetrics(leaseName: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const leader = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process holds the lease",
    labelNames: ["name"],
    registers,
  });
  const nodes = new Gauge({
    name: "kwasm_nodes",
    help: "Nodes that are to have the runtime, by whether Wasm pods can start there",
    labelNames: ["state"],
    registers,
  });
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server",
    labelNames: ["code", "method", "host"],
    registers,
  });
  leader.set({ name: leaseName }, 0);
  return {
    observer: createObserver(registers),
    observeRequest: ({ method, status, host }) =>
      requests.inc({ method, host, code: status === 0 ? "<error>" : status }),
    setLeader: (isLeader) => leader.set({ name: leaseName }, isLeader ? 1 : 0),
    setNodes: ({ ready, wanted }) => {
      nodes.set({ state: "ready" }, ready);
      nodes.set({ state: "not-ready" }, wanted - ready);
    },
    text: () => registry.metrics(),
  };
}

function createObserver(registers: Registry[]): ControllerObserver {
  const queue = { labelNames: ["name"], registers } as const;
  const controllers = { labelNames: ["controller"], registers } as const;
  const added = new Counter({ ...queue, name: "workqueue_adds_total", help: "Keys that were added" });
  const depth = new Gauge({ ...queue, name: "workqueue_depth", help: "Keys that wait" });
  const retried = new Counter({ ...queue, name: "workqueue_retries_total", help: "Keys that are tried again" });
  const waited = new Histogram({ ...queue, name: "workqueue_queue_duration_seconds", help: "How long keys waited" });
  const worked = new Histogram({
    ...queue,
    name: "workqueue_work_duration_seconds",
    help: "How long work on keys took",
  });
  const active = new Gauge({ ...controllers, name: "controller_runtime_active_workers", help: "Reconciles under way" });
  const most = new Gauge({
    ...controllers,
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Reconciles that may be under way",
  });
  const errors = new Counter({ ...controllers, name: "controller_runtime_reconcile_errors_total", help: "Failed" });
  const times = new Histogram({ ...controllers, name: "controller_runtime_reconcile_time_seconds", help: "Durations" });
  const totals = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles by their results",
    labelNames: ["controller", "result"],
    registers,
  });
  return {
    controllerStarted: (controller, concurrency) => most.set({ controller }, concurrency),
    queueAdded: (name) => added.inc({ name }),
    queueDepth: (name, count) => depth.set({ name }, count),
    queueRetried: (name) => retried.inc({ name }),
    queueWaited: (name, durationMs) => waited.observe({ name }, secondsOf(durationMs)),
    reconcileStarted: (controller) => active.inc({ controller }),
    reconcileEnded: (controller, result, durationMs) => {
      active.dec({ controller });
      times.observe({ controller }, secondsOf(durationMs));
      worked.observe({ name: controller }, secondsOf(durationMs));
      totals.inc({ controller, result });
      if (result === "error") errors.inc({ controller });
    },
  };
}
