import type { HostError, HostErrorCode } from "../../host/index.ts";
import { type Answer, err, failureOf, ok } from "../calls.ts";

/** Codes of the host that `wasi:filesystem/types#error-code` has no name for. */
const namesInstead: Partial<Record<HostErrorCode, HostErrorCode>> = {
  // What a guest can do about it is the same: give back what it holds.
  "too-many-open-files": "insufficient-memory",
  "connection-reset": "io",
  "not-connected": "io",
  "not-socket": "invalid",
  "invalid-state": "invalid",
  "connection-refused": "io",
  "connection-aborted": "io",
  "timed-out": "io",
  unreachable: "io",
  "address-in-use": "busy",
  "address-not-bindable": "io",
  "destination-prohibited": "access",
  "name-unresolvable": "io",
  "temporary-resolver-failure": "io",
  "permanent-resolver-failure": "io",
};

export function errorCodeOf({ code }: HostError): HostErrorCode {
  return namesInstead[code] ?? code;
}

/** Makes the answer of a call, and of its failure an `error-code`. */
export function attempt<Value>(act: () => Value): Answer<Value, HostErrorCode> {
  try {
    return ok(act());
  } catch (thrown) {
    return err(errorCodeOf(failureOf(thrown, "use a file")));
  }
}

export async function attemptLater(act: () => Promise<void>): Promise<Answer<undefined, HostErrorCode>> {
  try {
    await act();
    return { tag: "ok" };
  } catch (thrown) {
    return err(errorCodeOf(failureOf(thrown, "use a file")));
  }
}
