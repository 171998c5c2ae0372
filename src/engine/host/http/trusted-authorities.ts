import { hash, X509Certificate } from "node:crypto";
import type { SecureContext } from "node:tls";
import { nodeTls } from "#base";
import type { Directory, MountTree } from "../files/index.ts";
import { HostError } from "../host-error.ts";
import { HttpFailure } from "./http-failure.ts";

/** The variable by which programs that use OpenSSL are told of a file of certificates. */
const variable = "SSL_CERT_FILE";

/** A list of all public authorities has 230 kB. */
const FILE_BYTES_MAX = 1_048_576;

/** What a guest has that says whom it trusts. */
export interface TrustingGuest {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly preopens: readonly MountTree[];
}

/** Contexts of this thread by the file's content: each takes milliseconds to make, and instances come and go. */
const contexts = new Map<string, SecureContext>();
const contextsMax = 16;

/**
 * Whom a guest trusts: the usual authorities and those in the file that its variable names, which it could read itself. None where it
 * has no such variable or file. Throws an HttpFailure where the file is no list of certificates.
 */
export function trustOf(guest: TrustingGuest): SecureContext | undefined {
  const path = guest.env.findLast(([name]) => name === variable)?.[1];
  if (path === undefined || path === "") return undefined;
  const bytes = readFile(guest.preopens, path);
  if (bytes === undefined) return undefined;
  const key = hash("sha256", bytes);
  const known = contexts.get(key) ?? makeContext(bytes.toString("latin1"), path);
  contexts.delete(key);
  contexts.set(key, known);
  for (const oldest of contexts.keys()) {
    if (contexts.size <= contextsMax) break;
    contexts.delete(oldest);
  }
  return known;
}

function makeContext(text: string, path: string): SecureContext {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw refusal(path, "it has no certificate in PEM");
  try {
    const added = certificates.map((certificate) => new X509Certificate(certificate).toString());
    return nodeTls().createSecureContext({ ca: [...nodeTls().getCACertificates("default"), ...added] });
  } catch (error) {
    throw refusal(path, "one of its certificates cannot be read", error);
  }
}

/** The file as the guest would see it; undefined where there is none for it. */
function readFile(preopens: readonly MountTree[], path: string): Buffer | undefined {
  const tree = preopens
    .filter(({ guestPath }) => isBelow(path, guestPath))
    .toSorted((left, right) => right.guestPath.length - left.guestPath.length)[0];
  if (tree === undefined) return undefined;
  using root = tree.openRoot();
  try {
    return readWhole(root, path.slice(tree.guestPath.length).replace(/^\/+/, ""), path);
  } catch (error) {
    if (error instanceof HostError && error.code === "no-entry") return undefined;
    throw HttpFailure.from(error, `read "${path}"`);
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function readWhole(root: Directory, relative: string, path: string): Buffer {
  using file = root.openAt(relative, { read: true, followFinal: true, nonBlock: true });
  if (file.kind !== "regular-file") throw refusal(path, "it is no file");
  const { sizeBytes } = file.stat();
  if (sizeBytes > FILE_BYTES_MAX) throw refusal(path, `its ${sizeBytes} bytes pass ${FILE_BYTES_MAX}`);
  const bytes = Buffer.alloc(Number(sizeBytes));
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.readAt(bytes.subarray(filled), BigInt(filled));
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function refusal(path: string, problem: string, cause?: unknown): HttpFailure {
  return new HttpFailure({ tag: "configuration-error" }, `trust the authorities in "${path}": ${problem}`, { cause });
}
