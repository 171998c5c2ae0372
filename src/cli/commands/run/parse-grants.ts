import { resolve } from "node:path";

import { parseQuantity, quantityToNumber } from "#api";
import { KwasmError } from "#base";
import type { ListenerSpec, MountSpec } from "#node";

import { parseDurationMs } from "../../frame/parse-values.ts";

/** The words of `kwasm run`'s options, each with its own error. */

/** `NAME=VALUE`, or `NAME` for the caller's own value, as podman and docker read `--env`. */
export function parseVariable(
  text: string,
  ownEnvironment: Readonly<Record<string, string | undefined>>,
): readonly [string, string] {
  const separator = text.indexOf("=");
  const name = separator < 0 ? text : text.slice(0, separator);
  if (name === "") throw refuse("--env", text, "write NAME=VALUE, or NAME to pass a variable on");
  return [name, separator < 0 ? (ownEnvironment[name] ?? "") : text.slice(separator + 1)];
}

/** `HOST[::GUEST][:ro]`; the guest sees HOST under the same words where GUEST is left out, as wasmtime does. */
export function parseGrant(text: string, cwd: string): MountSpec {
  const readOnly = text.endsWith(":ro");
  const [host = "", guest = host, ...more] = (readOnly ? text.slice(0, -":ro".length) : text).split("::");
  if (host === "" || guest === "" || more.length > 0) {
    throw refuse("--dir", text, "write HOST, HOST::GUEST or HOST::GUEST:ro");
  }
  return { hostPath: resolve(cwd, host), guestPath: guest, readOnly };
}

/** `ADDR:PORT`, `[ADDR]:PORT` for IPv6, or `:PORT` for all addresses; port 0 lets the system choose. */
export function parseListenAddress(text: string): ListenerSpec {
  const separator = text.lastIndexOf(":");
  const port = Number(text.slice(separator + 1));
  const address = text.slice(0, Math.max(separator, 0)).replace(/^\[(.*)\]$/u, "$1");
  if (separator < 0 || !/^\d{1,5}$/u.test(text.slice(separator + 1)) || port > 65_535) {
    throw refuse("--listen", text, "write ADDR:PORT, such as 127.0.0.1:8080");
  }
  return { address: address === "" ? "0.0.0.0" : address === "localhost" ? "127.0.0.1" : address, port };
}

/** Bytes of a quantity as Kubernetes writes them (`32Mi`, `1G`, `65536`). */
export function parseSize(text: string, option: string): number {
  const bytes = readBytes(text, option);
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw refuse(option, text, "write a size such as 32Mi");
  return bytes;
}

function readBytes(text: string, option: string): number {
  try {
    return quantityToNumber(parseQuantity(text));
  } catch (error) {
    throw refuse(option, text, "write a size such as 32Mi", error);
  }
}

/** The longest time that a timer of this platform can wait: 24 days. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Milliseconds of a duration (`500ms`, `5s`, `1m30s`). */
export function parseDuration(text: string, option: string): number {
  const milliseconds = parseDurationMs(text, option);
  if (milliseconds > 0 && milliseconds <= TIMEOUT_MS_MAX) return milliseconds;
  throw refuse(option, text, "give more than 0 and at most 24 days");
}

function refuse(option: string, text: string, advice: string, cause?: unknown): KwasmError {
  return new KwasmError("invalid-argument", `read ${option} "${text}": ${advice}`, { cause });
}
