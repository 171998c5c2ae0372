import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Extract, extract, type Header } from "tar-stream";
import { KwasmError, systemErrorCode } from "#base";
import type { Digest } from "../digest.ts";
import type { UnpackBudget } from "./budget.ts";
import { type Compression, decompressors } from "./compression.ts";
import { refuse } from "./entry-name.ts";
import { RootWriter } from "./root-writer.ts";

/** Prefix of whiteouts, and the one name among them that hides all siblings; layer.md of the OCI specification. */
const WHITEOUT_PREFIX = ".wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";

/** Names of aufs' own bookkeeping, which old tools left in layers. */
const AUFS_PREFIX = ".wh..wh.";

export interface Layer {
  /** File of the layer, already compared with its digest. */
  readonly path: string;
  readonly compression: Compression;
  /** What the archive's digest must be after decompression, where the image's config says. */
  readonly diffId: Digest | undefined;
}

/** Applies one layer to the files of the layers below it. */
export async function applyLayer(layer: Layer, root: string, budget: UnpackBudget): Promise<void> {
  const writer = new RootWriter(root, budget);
  const archive = extract();
  const sum = createHash("sha256");
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        budget.takeBytes(chunk.byteLength);
        sum.update(chunk);
        done(undefined, chunk);
      } catch (error) {
        done(KwasmError.from(error, "unpacking a layer"));
      }
    },
  });
  const feeding = pipeline([createReadStream(layer.path), ...decompressors(layer.compression), meter, archive]);
  const [applied, fed] = await Promise.allSettled([applyEntries(archive, writer, budget), feeding]);
  // A refused entry also breaks the stream that feeds it: the first reason is the one to tell.
  if (applied.status === "rejected") throw unpackError(applied.reason);
  if (fed.status === "rejected") throw unpackError(fed.reason);
  checkDiffId(layer, `sha256:${sum.digest("hex")}`);
}

async function applyEntries(archive: Extract, writer: RootWriter, budget: UnpackBudget): Promise<void> {
  for await (const entry of archive) {
    // The library's types leave open what its streams yield; these yield slices of what they are fed.
    await applyEntry(entry.header, entry as EntryContent, writer, budget);
  }
}

function unpackError(thrown: unknown): KwasmError {
  if (thrown instanceof KwasmError) return thrown;
  if (/^E(?!RR_)/.test(systemErrorCode(thrown) ?? "")) return KwasmError.from(thrown, "unpacking a layer");
  return new KwasmError("corrupt", "unpacking a layer: its archive is damaged or cut off", { cause: thrown });
}

function checkDiffId({ diffId }: Layer, actual: Digest): void {
  if (diffId === undefined || diffId === actual) return;
  throw new KwasmError("corrupt", `unpacking a layer: the image's config calls it "${diffId}" but it is "${actual}"`);
}

/** A header as tar-stream really reports it: types that it does not know are null, and so is an empty link name. */
type EntryHeader = Omit<Header, "type" | "linkname"> & {
  readonly type: Header["type"] | null;
  readonly linkname: string | null;
};

interface EntryContent extends AsyncIterable<Uint8Array> {
  /** Reads on to the end, dropping what comes. */
  resume(): unknown;
}

async function applyEntry(
  header: EntryHeader,
  content: EntryContent,
  writer: RootWriter,
  budget: UnpackBudget,
): Promise<void> {
  const { name } = header;
  checkContent(header, budget);
  const segments = writer.split(name);
  const isWhiteout = segments.at(-1)?.startsWith(WHITEOUT_PREFIX) === true;
  if (isWhiteout) applyWhiteout(name, segments, writer);
  else if (header.type === "file" || header.type === "contiguous-file") {
    return writer.writeFile(segments, header.mode, content);
  } else await applyOther(header, segments, writer);
  content.resume();
}

async function applyOther(header: EntryHeader, segments: readonly string[], writer: RootWriter): Promise<void> {
  if (header.type === "directory") return writer.writeDirectory(segments, header.mode);
  if (header.type === "symlink") return writer.writeSymbolicLink(segments, header.linkname ?? "");
  if (header.type === "link") return writer.writeHardLink(segments, header.linkname ?? "");
  throw refuse(header.name, `entries of type "${header.type ?? "unknown"}" are not unpacked`);
}

/** Sparse files announce few bytes in the archive and fill a disk when they are read. */
function checkContent(header: EntryHeader, budget: UnpackBudget): void {
  const keys = Object.keys(header.pax ?? {});
  if (keys.some((key) => key.startsWith("GNU.sparse."))) throw refuse(header.name, "it is a sparse file");
  if (budget.hasRoomFor(header.size)) return;
  throw new KwasmError(
    "limit-exceeded",
    `unpacking entry "${header.name}" of a layer: its ${header.size} bytes pass what an image may unpack to`,
  );
}

function applyWhiteout(name: string, segments: readonly string[], writer: RootWriter): void {
  const marker = segments.at(-1) ?? "";
  const parents = segments.slice(0, -1);
  if (marker === OPAQUE_WHITEOUT) return writer.hideChildren(parents);
  if (marker.startsWith(AUFS_PREFIX)) return undefined;
  const hidden = marker.slice(WHITEOUT_PREFIX.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw refuse(name, "its whiteout names no file");
  return writer.hide([...parents, hidden]);
}
