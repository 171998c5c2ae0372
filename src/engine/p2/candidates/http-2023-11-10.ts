import type { HostInterface } from "../../component/index.ts";
import type { HttpErrorCode } from "../../host/http/index.ts";
import { type Answer, err } from "../calls.ts";
import type { GuestFields } from "../http/guest-fields.ts";
import { httpTypesInterface } from "../http/index.ts";
import type { FutureTrailers } from "../http/incoming-body.ts";
import { renamed } from "./functions.ts";

const options = "[method]request-options.";

/** Its names say milliseconds; the type of its times is the one of clocks, which is in nanoseconds. */
const optionNames = Object.fromEntries(
  ["connect-timeout", "first-byte-timeout", "between-bytes-timeout"].flatMap((name) => [
    [`${options}${name}-ms`, `${options}${name}`],
    [`${options}set-${name}-ms`, `${options}set-${name}`],
  ]),
);

/** `wasi:http/types@0.2.0-rc-2023-11-10`. */
export const httpTypesOf20231110: HostInterface = {
  functions: {
    ...httpTypesInterface.functions,
    ...renamed(httpTypesInterface.functions, optionNames),
    "[method]future-trailers.get": (self: FutureTrailers) => trailersOf(self),
  },
  resources: httpTypesInterface.resources,
};

/** What was taken already is an error of its own in 0.2. */
export function trailersOf(future: FutureTrailers): Answer<GuestFields | undefined, HttpErrorCode> | undefined {
  const answer = future.get();
  if (answer === undefined || (answer.tag === "ok" && answer.value !== undefined)) return answer?.value;
  const taken: HttpErrorCode = { tag: "internal-error", value: "the trailers were taken already" };
  return err(taken);
}
