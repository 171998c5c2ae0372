import { createHash, hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { KwasmError } from "#base";

/** `sha256:` and 64 lower-case hexadecimal digits: the only algorithm that registries use. */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** Reads a digest out of a document; `where` names it in the error. */
export function parseDigest(text: string, where: string): Digest {
  if (isDigest(text)) return text;
  throw new KwasmError("corrupt", `reading ${where}: "${text.slice(0, 100)}" is no sha256 digest`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/** The 64 digits after `sha256:`, which are a blob's file name in an image layout. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The start of a digest that tools print as an image's id. */
export function shortIdOf(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

export async function digestOfFile(path: string): Promise<Digest> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) sum.update(chunk);
  return `sha256:${sum.digest("hex")}`;
}
