import { type Answer, err, ok } from "../calls.ts";
import { GuestFields } from "./guest-fields.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import { isAuthority, isPathWithQuery, type Method, methodText, type Scheme, schemeText } from "./request-line.ts";

type Set = Answer<undefined, undefined>;

/** `wasi:http/types#outgoing-request`. */
export class OutgoingRequest {
  readonly headers: GuestFields;
  method: Method = { tag: "get" };
  pathWithQuery: string | undefined;
  scheme: Scheme | undefined;
  authority: string | undefined;
  body: OutgoingBody | undefined;

  constructor(headers: GuestFields) {
    this.headers = GuestFields.of(headers.list);
  }

  setMethod(method: Method): Set {
    if (methodText(method) === undefined) return err();
    this.method = method;
    return ok();
  }

  setPathWithQuery(path: string | undefined): Set {
    if (path !== undefined && !isPathWithQuery(path)) return err();
    this.pathWithQuery = path;
    return ok();
  }

  setScheme(scheme: Scheme | undefined): Set {
    if (scheme !== undefined && schemeText(scheme) === undefined) return err();
    this.scheme = scheme;
    return ok();
  }

  setAuthority(authority: string | undefined): Set {
    if (authority !== undefined && !isAuthority(authority)) return err();
    this.authority = authority;
    return ok();
  }

  takeBody(): Answer<OutgoingBody, undefined> {
    if (this.body !== undefined) return err();
    this.body = new OutgoingBody(this.headers.list, "HTTP-request-body-size");
    return ok(this.body);
  }
}

/** `wasi:http/types#request-options`; times in nanoseconds. */
export class RequestOptions {
  connectTimeout: bigint | undefined;
  firstByteTimeout: bigint | undefined;
  betweenBytesTimeout: bigint | undefined;
}
