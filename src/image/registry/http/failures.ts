import { KwasmError, systemErrorCode } from "#base";
import type { HttpResponse } from "./transport.ts";

/** A failure that another attempt may not meet. */
export class TransientFailure extends KwasmError {
  /** What the server asked for by Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(error: KwasmError, retryAfterMs?: number) {
    super(error.code, error.message, { cause: error });
    this.retryAfterMs = retryAfterMs;
  }
}

const transientCodes: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",

  "HPE_INVALID_EOF_STATE",
]);

/** Where a request went, without its query: stores sign their addresses there. */
export function describeUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What broke off a connection, as one of ours. */
export function connectionFailure(thrown: unknown, url: URL): KwasmError {
  if (thrown instanceof KwasmError) return thrown;
  const code = systemErrorCode(thrown) ?? "";
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const action = `asking "${describeUrl(url)}"`;
  if (code === "ABORT_ERR") return new KwasmError("cancelled", `${action}: it was cancelled`, { cause: thrown });
  if (code === "HPE_HEADER_OVERFLOW") {
    return new KwasmError("limit-exceeded", `${action}: its headers are too long`, { cause: thrown });
  }
  const failure = new KwasmError("unavailable", `${action}: ${reason}`, { cause: thrown });
  return transientCodes.has(code) ? new TransientFailure(failure) : failure;
}

/** An answer that is not the one that was asked for. `detail` is what the registry says about it. */
export function statusFailure(response: HttpResponse, url: URL, detail: string, nowMs: number): KwasmError {
  const { status } = response;
  const said = detail === "" ? "" : `, saying "${detail}"`;
  const failure = new KwasmError(
    codeOf(status),
    `asking "${describeUrl(url)}": it answered ${status}${said}${adviceOf(status)}`,
  );
  const isTransient = status === 429 || status === 408 || status >= 500;
  return isTransient ? new TransientFailure(failure, readRetryAfter(response.headers["retry-after"], nowMs)) : failure;
}

function codeOf(status: number): KwasmError["code"] {
  if (status === 401 || status === 403) return "permission-denied";
  if (status === 404) return "not-found";
  return status === 429 || status === 408 || status >= 500 ? "unavailable" : "failed-precondition";
}

function adviceOf(status: number): string {
  if (status === 401 || status === 403) return "; log in with kwasm login, or check the name";
  return status === 429 ? "; it limits how often it is asked, try again later" : "";
}

/** Seconds or a date; RFC 9110, section 10.2.3. */
function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
