import type { HostErrorCode } from "../../host/index.ts";
import { type Answer, err, failureOf, ok } from "../calls.ts";

/** `wasi:sockets/network#error-code`. */
export type SocketErrorCode =
  | "unknown"
  | "access-denied"
  | "not-supported"
  | "invalid-argument"
  | "out-of-memory"
  | "timeout"
  | "concurrency-conflict"
  | "not-in-progress"
  | "would-block"
  | "invalid-state"
  | "new-socket-limit"
  | "address-not-bindable"
  | "address-in-use"
  | "remote-unreachable"
  | "connection-refused"
  | "connection-reset"
  | "connection-aborted"
  | "datagram-too-large"
  | "name-unresolvable"
  | "temporary-resolver-failure"
  | "permanent-resolver-failure";

/** What the codes of the host are called here; those that are not in the table are none of a socket's. */
const names: Partial<Record<HostErrorCode, SocketErrorCode>> = {
  access: "access-denied",
  "not-permitted": "access-denied",
  "destination-prohibited": "access-denied",
  unsupported: "not-supported",
  invalid: "invalid-argument",
  "insufficient-memory": "out-of-memory",
  "timed-out": "timeout",
  busy: "concurrency-conflict",
  "would-block": "would-block",
  "invalid-state": "invalid-state",
  "not-connected": "invalid-state",
  "bad-descriptor": "invalid-state",
  "too-many-open-files": "new-socket-limit",
  "address-not-bindable": "address-not-bindable",
  "address-in-use": "address-in-use",
  unreachable: "remote-unreachable",
  "connection-refused": "connection-refused",
  "connection-reset": "connection-reset",
  pipe: "connection-reset",
  "connection-aborted": "connection-aborted",
  "message-size": "datagram-too-large",
  "name-unresolvable": "name-unresolvable",
  "temporary-resolver-failure": "temporary-resolver-failure",
  "permanent-resolver-failure": "permanent-resolver-failure",
};

export type SocketAnswer<Value> = Answer<Value, SocketErrorCode>;

export function failed(value: SocketErrorCode): { readonly tag: "err"; readonly value: SocketErrorCode } {
  return { tag: "err", value };
}

/** Makes the answer of a call, and of its failure an `error-code`. */
export function attempt<Value>(act: () => Value): SocketAnswer<Value> {
  try {
    return ok(act());
  } catch (thrown) {
    return err(socketErrorOf(thrown));
  }
}

/** The code of what was thrown; what is none of a guest's business is thrown on. */
export function socketErrorOf(thrown: unknown): SocketErrorCode {
  return names[failureOf(thrown, "use a socket").code] ?? "unknown";
}
