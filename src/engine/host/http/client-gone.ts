import { HttpFailure } from "./http-failure.ts";

/** What a guest's body fails with once nobody reads it. */
export function clientGone(): HttpFailure {
  return new HttpFailure({ tag: "connection-terminated" }, "write a body: its reader is gone");
}
