import { systemErrorCode } from "#base";
import { HostError } from "../host-error.ts";

/** Which field of a message was too much. */
export interface FieldSize {
  readonly "field-name"?: string | undefined;
  readonly "field-size"?: number | undefined;
}

/** Why an exchange failed: `error-code` of wasi:http/types, with the same names in every version of WASI. */
export type HttpErrorCode =
  | { readonly tag: HttpPlainError }
  | { readonly tag: "DNS-error"; readonly value: { readonly rcode?: string; readonly "info-code"?: number } }
  | { readonly tag: "TLS-alert-received"; readonly value: { "alert-id"?: number; "alert-message"?: string } }
  | { readonly tag: "HTTP-request-body-size" | "HTTP-response-body-size"; readonly value?: bigint }
  | { readonly tag: HttpSectionSize; readonly value?: number }
  | { readonly tag: HttpFieldSize; readonly value?: FieldSize }
  | { readonly tag: "HTTP-response-transfer-coding" | "HTTP-response-content-coding"; readonly value?: string }
  | { readonly tag: "internal-error"; readonly value?: string };

type HttpPlainError =
  | "DNS-timeout"
  | "destination-not-found"
  | "destination-unavailable"
  | "destination-IP-prohibited"
  | "destination-IP-unroutable"
  | "connection-refused"
  | "connection-terminated"
  | "connection-timeout"
  | "connection-read-timeout"
  | "connection-write-timeout"
  | "connection-limit-reached"
  | "TLS-protocol-error"
  | "TLS-certificate-error"
  | "HTTP-request-denied"
  | "HTTP-request-length-required"
  | "HTTP-request-method-invalid"
  | "HTTP-request-URI-invalid"
  | "HTTP-request-URI-too-long"
  | "HTTP-response-incomplete"
  | "HTTP-response-timeout"
  | "HTTP-upgrade-failed"
  | "HTTP-protocol-error"
  | "loop-detected"
  | "configuration-error";

type HttpSectionSize =
  | "HTTP-request-header-section-size"
  | "HTTP-request-trailer-section-size"
  | "HTTP-response-header-section-size"
  | "HTTP-response-trailer-section-size";

type HttpFieldSize =
  | "HTTP-request-header-size"
  | "HTTP-request-trailer-size"
  | "HTTP-response-header-size"
  | "HTTP-response-trailer-size";

/** A failure of an exchange. Streams of bodies throw it as any other error of the host. */
export class HttpFailure extends HostError {
  readonly httpCode: HttpErrorCode;

  constructor(httpCode: HttpErrorCode, message: string, options?: ErrorOptions) {
    super("io", message, options);
    this.name = "HttpFailure";
    this.httpCode = httpCode;
  }

  /** What a connection failed with, by Node's own code. */
  static override from(thrown: unknown, action: string): HttpFailure {
    if (thrown instanceof HttpFailure) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new HttpFailure(codeOf(thrown), `${action}: ${reason}`, { cause: thrown });
  }
}

const codesOfSystemErrors: Readonly<Record<string, HttpErrorCode>> = {
  ECONNREFUSED: { tag: "connection-refused" },
  ECONNRESET: { tag: "connection-terminated" },
  EPIPE: { tag: "connection-terminated" },
  ETIMEDOUT: { tag: "connection-timeout" },
  EHOSTUNREACH: { tag: "destination-unavailable" },
  ENETUNREACH: { tag: "destination-IP-unroutable" },
  ENOTFOUND: { tag: "destination-not-found" },
  EACCES: { tag: "destination-IP-prohibited" },
  EPERM: { tag: "destination-IP-prohibited" },
  ERR_STREAM_PREMATURE_CLOSE: { tag: "connection-terminated" },
  HPE_HEADER_OVERFLOW: { tag: "HTTP-response-header-section-size" },
};

/** What Node says of a certificate (nodejs.org/api/tls.html, "X509 certificate error codes"), and of names on it. */
const certificateErrors =
  /^(?:ERR_TLS|CERT_|DEPTH_|SELF_SIGNED_|UNABLE_TO_|ERROR_IN_C|INVALID_(?:CA|PURPOSE)$|HOSTNAME_MISMATCH$|PATH_LENGTH_)/;

function codeOf(thrown: unknown): HttpErrorCode {
  const code = systemErrorCode(thrown) ?? "";
  const known = codesOfSystemErrors[code];
  if (known !== undefined) return known;
  if (code.startsWith("HPE_") || code.startsWith("ERR_HTTP2")) return { tag: "HTTP-protocol-error" };
  if (certificateErrors.test(code)) return { tag: "TLS-certificate-error" };
  return code.startsWith("ERR_SSL") ? { tag: "TLS-protocol-error" } : { tag: "internal-error" };
}
