/**
 * What control and the balancer process say to each other over Node's IPC channel. Control always sends the whole
 * wanted state of one front, so that a message that is sent twice, or again to a fresh process, does no harm.
 */

/** One pod port behind a front. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** One listening address of a Service and the ready pods behind it. */
export interface Front {
  /** Unique among all fronts: namespace, Service, port and way in. */
  readonly id: string;
  readonly address: string;
  /** Tried in this order until one can be bound; 0 lets the kernel choose. */
  readonly ports: readonly number[];
  readonly targets: readonly Target[];
  /** 0 spreads every connection; else a client stays with its pod while it comes back within this time. */
  readonly affinityTimeoutMs: number;
}

export type ToBalancer =
  | { readonly kind: "set"; readonly front: Front }
  | { readonly kind: "remove"; readonly id: string }
  /** Answered by `settled` once all messages before it have been performed. */
  | { readonly kind: "settle"; readonly turn: number }
  /** Answered by `settled` once no connection to that pod is left: see `CarriedConnections`. */
  | { readonly kind: "drain"; readonly turn: number; readonly address: string };

/** What became of one front. */
export type FrontReport = Extract<FromBalancer, { kind: "bound" | "bind-failed" }>;

/** `port` is what was bound in the end; `bind-failed` says that no port of the list could be. */
export type FromBalancer =
  | { readonly kind: "ready" }
  | { readonly kind: "settled"; readonly turn: number }
  | { readonly kind: "bound"; readonly id: string; readonly port: number }
  | { readonly kind: "bind-failed"; readonly id: string; readonly message: string };
