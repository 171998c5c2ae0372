import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { KwasmError, systemErrorCode } from "#base";
import { type Digest, digestOf, digestOfFile, hexOf } from "../digest.ts";
import type { Descriptor, Index } from "../document.ts";
import type { ImageLimits } from "../limits.ts";
import { parseIndex, parseLayoutVersion } from "./parse.ts";

/** The only version of the layout; image-layout.md of the OCI image specification. */
export const LAYOUT_VERSION = "1.0.0";

/** `oci-layout` holds one field; anything longer is not that file. */
const LAYOUT_FILE_BYTES_MAX = 4096;

/**
 * An OCI image layout on disk, to read: `oci-layout`, `index.json`, `blobs/sha256/…`. What it returns has been
 * compared with its digest first.
 */
export class ImageLayout {
  readonly directory: string;
  readonly blobsDirectory: string;
  readonly limits: ImageLimits;

  constructor(directory: string, limits: ImageLimits) {
    this.directory = directory;
    this.blobsDirectory = join(directory, "blobs", "sha256");
    this.limits = limits;
  }

  /** Refuses a folder that is no image layout of the version that is known. */
  checkVersion(): void {
    const path = join(this.directory, "oci-layout");
    const version = parseLayoutVersion(readSmallFile(path, LAYOUT_FILE_BYTES_MAX), `"${path}"`);
    if (version === LAYOUT_VERSION) return;
    throw new KwasmError("unsupported", `opening "${this.directory}": its image layout is version "${version}"`);
  }

  readIndex(): Index {
    const path = join(this.directory, "index.json");
    return parseIndex(readSmallFile(path, this.limits.indexBytesMax), `"${path}"`, this.limits);
  }

  blobPath(digest: Digest): string {
    return join(this.blobsDirectory, hexOf(digest));
  }

  /** Whether a blob of this size is there. Its content is verified by who reads it. */
  hasBlob({ digest, size }: Descriptor): boolean {
    return statSync(this.blobPath(digest), { throwIfNoEntry: false })?.size === size;
  }

  /** As hasBlob, where finding it out may take a while. */
  isPresent(descriptor: Descriptor): Promise<boolean> {
    return Promise.resolve(this.hasBlob(descriptor));
  }

  async readDocument(descriptor: Descriptor, bytesMax: number): Promise<Uint8Array> {
    checkDocumentSize(descriptor, bytesMax);
    const path = this.blobPath(descriptor.digest);
    try {
      checkSize((await stat(path)).size, descriptor);
      return checkDigest(await readFile(path), descriptor);
    } catch (error) {
      throw blobError(error, descriptor);
    }
  }

  /** As readDocument; for the store, which must not yield while it holds its lock. */
  readDocumentSync(descriptor: Descriptor, bytesMax: number): Uint8Array {
    checkDocumentSize(descriptor, bytesMax);
    const path = this.blobPath(descriptor.digest);
    try {
      checkSize(statSync(path).size, descriptor);
      return checkDigest(readFileSync(path), descriptor);
    } catch (error) {
      throw blobError(error, descriptor);
    }
  }

  /** Compares a whole blob with its digest, and returns its path. Layers are read twice so that nothing unverified is unpacked. */
  async verifyBlob(descriptor: Descriptor): Promise<string> {
    const path = this.blobPath(descriptor.digest);
    try {
      checkSize((await stat(path)).size, descriptor);
      if ((await digestOfFile(path)) !== descriptor.digest) throw mismatch(descriptor);
      return path;
    } catch (error) {
      throw blobError(error, descriptor);
    }
  }
}

function checkDocumentSize(descriptor: Descriptor, bytesMax: number): void {
  if (descriptor.size <= bytesMax) return;
  throw new KwasmError(
    "limit-exceeded",
    `reading blob "${descriptor.digest}": a document of ${descriptor.size} bytes passes ${bytesMax}`,
  );
}

function checkSize(size: number, descriptor: Descriptor): void {
  if (size === descriptor.size) return;
  throw new KwasmError(
    "corrupt",
    `reading blob "${descriptor.digest}": it has ${size} bytes where ${descriptor.size} were announced`,
  );
}

function checkDigest(bytes: Uint8Array, descriptor: Descriptor): Uint8Array {
  if (digestOf(bytes) === descriptor.digest) return bytes;
  throw mismatch(descriptor);
}

function mismatch(descriptor: Descriptor): KwasmError {
  return new KwasmError(
    "corrupt",
    `reading blob "${descriptor.digest}": its content has another digest; build or pull the image again`,
  );
}

function blobError(thrown: unknown, descriptor: Descriptor): KwasmError {
  if (systemErrorCode(thrown) !== "ENOENT") return KwasmError.from(thrown, `reading blob "${descriptor.digest}"`);
  return new KwasmError("not-found", `reading blob "${descriptor.digest}": it is not in the image layout`);
}

function readSmallFile(path: string, bytesMax: number): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size <= bytesMax) return readFileSync(path);
    throw new KwasmError("limit-exceeded", `reading "${path}": ${size} bytes pass ${bytesMax}`);
  } catch (error) {
    throw KwasmError.from(error, `reading "${path}"`);
  }
}
