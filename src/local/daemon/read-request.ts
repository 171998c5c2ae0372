import type { IncomingMessage } from "node:http";
import { KwasmError } from "#base";
import { admitObject, type KubeObject, type ObjectKey } from "../kinds/index.ts";
import { type DeleteRequest, type DownRequest, type ObjectQuery, REQUEST_BYTES_MAX, type ScaleRequest } from "./api.ts";

/** Names become parts of paths and of hosts files, so control checks them again, whoever the caller is. */
const namePattern = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/u;

const kinds: readonly KubeObject["kind"][] = [
  "Namespace",
  "RuntimeClass",
  "ConfigMap",
  "Secret",
  "Service",
  "Deployment",
  "Pod",
];

/** Characters of a bad value that a message repeats. */
const SHOWN_CHARS_MAX = 100;

/** A JSON body within its limit. Throws `limit-exceeded` or `invalid-argument`. */
export async function readJsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    // Without an encoding set, a request yields buffers.
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > REQUEST_BYTES_MAX) {
      throw new KwasmError("limit-exceeded", `read a request: it has more than "${REQUEST_BYTES_MAX}" bytes; split it`);
    }
    chunks.push(part);
  }
  return parseObject(Buffer.concat(chunks).toString());
}

/** What is stored leads every later start of control, so it is read here by its kind's rules, whoever the caller is. */
export function readApplyBody(body: Readonly<Record<string, unknown>>): readonly KubeObject[] {
  const list = body["objects"];
  if (!Array.isArray(list)) throw malformed("objects", list);
  return list.map(readObject);
}

export function readQuery(parameters: URLSearchParams): ObjectQuery {
  const kind = readKind(parameters.get("kind"));
  const optional = ["namespace", "name", "labelSelector"].flatMap((field) => {
    const value = parameters.get(field);
    return value === null ? [] : [[field, value] as const];
  });
  return { kind, ...Object.fromEntries(optional) };
}

export function readKey(value: unknown): ObjectKey {
  if (!isRecord(value)) throw malformed("key", value);
  const { kind, namespace, name } = value;
  const key = { kind: readKind(kind), name: readName("name", name) };
  return namespace === undefined || namespace === null ? key : { ...key, namespace: readName("namespace", namespace) };
}

export function readScaleBody(body: Readonly<Record<string, unknown>>): ScaleRequest {
  const { namespace, name, replicas } = body;
  return {
    namespace: readName("namespace", namespace),
    name: readName("name", name),
    replicas: readCount("replicas", replicas),
  };
}

export function readDeleteBody(body: Readonly<Record<string, unknown>>): DeleteRequest {
  const { keys, graceSeconds } = body;
  if (!Array.isArray(keys)) throw malformed("keys", keys);
  const request = { keys: keys.map(readKey) };
  return graceSeconds === undefined ? request : { ...request, graceSeconds: readCount("graceSeconds", graceSeconds) };
}

export function readDownBody(body: Readonly<Record<string, unknown>>): DownRequest {
  return { keepObjects: body["keepObjects"] === true };
}

function readObject(value: unknown): KubeObject {
  const admission = admitObject(value, "strict");
  if ("object" in admission) return admission.object;
  const { kind, metadata } = isRecord(value) ? value : {};
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  throw new KwasmError(
    "invalid-argument",
    `read ${shorten(kind ?? "object")} "${shorten(name)}" of a request: ${admission.refusal}; use a kwasm command of this version`,
  );
}

function readKind(value: unknown): KubeObject["kind"] {
  const kind = kinds.find((known) => known === value);
  if (kind === undefined) throw malformed("kind", value);
  return kind;
}

function readName(field: string, value: unknown): string {
  if (typeof value === "string" && namePattern.test(value) && !value.includes("..")) return value;
  throw malformed(field, value);
}

function readCount(field: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(field, value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KwasmError(
      "invalid-argument",
      "read a request: its body is not JSON; use a kwasm command of this version",
      { cause: error },
    );
  }
  if (!isRecord(value)) throw malformed("body", value);
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(field: string, value: unknown): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `read ${field} "${shorten(value)}" of a request: it is malformed; use a kwasm command of this version`,
  );
}

/** A value for a message: a text as it is, anything else as JSON. */
function shorten(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.slice(0, SHOWN_CHARS_MAX);
}
