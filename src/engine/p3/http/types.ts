import { KwasmError } from "#base";
import type { HostInterface } from "../../component/index.ts";
import { type Answer, err, ok } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { GuestFields, type HeaderError } from "../../p2/http/guest-fields.ts";
import type { Method, Scheme } from "../../p2/http/request-line.ts";
import { GuestBody } from "./body.ts";
import { Request, Response } from "./messages.ts";
import { optionsFunctions, type RequestOptions } from "./request-options.ts";

type Functions = HostInterface["functions"];
type FieldsError = HeaderError | { readonly tag: "size-exceeded" };

const tooLong: FieldsError = { tag: "size-exceeded" };

const fieldsFunctions: Functions = {
  "[constructor]fields": () => GuestFields.empty(),
  "[static]fields.from-list": (entries: readonly (readonly [string, Uint8Array])[]) =>
    sized(() => GuestFields.fromList(entries)),
  "[method]fields.get": (self: GuestFields, name: string) => self.get(name),
  "[method]fields.has": (self: GuestFields, name: string) => self.has(name),
  "[method]fields.set": (self: GuestFields, name: string, values: readonly Uint8Array[]) =>
    sized(() => self.set(name, values)),
  "[method]fields.delete": (self: GuestFields, name: string) => self.delete(name),
  "[method]fields.get-and-delete": (self: GuestFields, name: string) => {
    const values = self.get(name);
    const deleted = self.delete(name);
    return deleted.tag === "ok" ? ok(values) : deleted;
  },
  "[method]fields.append": (self: GuestFields, name: string, value: Uint8Array) =>
    sized(() => self.append(knownName(self, name), value)),
  "[method]fields.copy-all": (self: GuestFields) => self.entries(),
  "[method]fields.clone": (self: GuestFields) => self.clone(),
};

/** The values of one field stand under one name, with the letters that it came with first. */
function knownName(self: GuestFields, name: string): string {
  const lower = name.toLowerCase();
  return self.list.find(([known]) => known.toLowerCase() === lower)?.[0] ?? name;
}

/** In 0.3 there is an error for fields that are too long. */
function sized<Value>(change: () => Answer<Value, HeaderError>): Answer<Value, FieldsError> {
  try {
    return change();
  } catch (error) {
    if (error instanceof KwasmError && error.code === "limit-exceeded") return err(tooLong);
    throw error;
  }
}

const lineFunctions: Functions = {
  "[method]request.get-method": (self: Request) => self.method,
  "[method]request.set-method": (self: Request, method: Method) => self.setMethod(method),
  "[method]request.get-path-with-query": (self: Request) => self.pathWithQuery,
  "[method]request.set-path-with-query": (self: Request, path: string | undefined) => self.setPathWithQuery(path),
  "[method]request.get-scheme": (self: Request) => self.scheme,
  "[method]request.set-scheme": (self: Request, scheme: Scheme | undefined) => self.setScheme(scheme),
  "[method]request.get-authority": (self: Request) => self.authority,
  "[method]request.set-authority": (self: Request, authority: string | undefined) => self.setAuthority(authority),
  "[method]request.get-options": (self: Request) => self.options,
  "[method]request.get-headers": (self: Request) => self.headers,
  "[method]response.get-status-code": (self: Response) => self.status,
  "[method]response.set-status-code": (self: Response, status: number) => self.setStatus(status),
  "[method]response.get-headers": (self: Response) => self.headers,
};

function bodyFunctions(context: P2Context): Functions {
  return {
    "[static]request.new": (
      headers: GuestFields,
      contents: object | undefined,
      trailers: object,
      options: RequestOptions | undefined,
    ) => {
      const body = new GuestBody(contents, trailers);
      return [new Request(headers.list, body, options?.frozen()), body.sent];
    },
    "[static]request.consume-body": (self: Request, result: object) => self.consume(context, result),
    "[static]response.new": (headers: GuestFields, contents: object | undefined, trailers: object) => {
      const body = new GuestBody(contents, trailers);
      return [new Response(context, headers.list, body), body.sent];
    },
    "[static]response.consume-body": (self: Response, result: object) => self.consume(context, result),
  };
}

/** `wasi:http/types`. */
export function httpTypesInterface(context: P2Context): HostInterface {
  return {
    functions: { ...fieldsFunctions, ...lineFunctions, ...optionsFunctions, ...bodyFunctions(context) },
    resources: { fields: {}, request: {}, response: {}, "request-options": {} },
  };
}
