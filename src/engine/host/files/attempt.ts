import { HostError } from "../host-error.ts";

/** Runs one system call with its error turned into a HostError. */
export function attempt<Result>(action: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw HostError.from(error, action);
  }
}

/** As attempt, for a call that runs beside the thread. */
export async function attemptAsync(action: string, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    throw HostError.from(error, action);
  }
}
