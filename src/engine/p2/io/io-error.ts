import type { HostError } from "../../host/index.ts";

/** `wasi:io/error#error`: why an operation of a stream failed. */
export class IoError {
  readonly cause: HostError;
  /** Which interface can tell more of it. */
  readonly origin: "files" | "other";

  constructor(cause: HostError, origin: "files" | "other") {
    this.cause = cause;
    this.origin = origin;
  }
}
