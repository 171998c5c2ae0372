import type { StreamSource } from "../../component/index.ts";
import { alwaysReady } from "../../host/pollable.ts";
import { FileDescriptor } from "../../p2/filesystem/descriptor.ts";
import { EntryStream } from "../../p2/filesystem/entries.ts";
import type { P2Context } from "../../p2/context.ts";
import { type Outcome, StreamOutcome } from "../outcome.ts";
import { StreamTurn } from "../stream-turn.ts";
import { failedRead } from "../streams.ts";
import { type ErrorCode, fileErrorCode } from "./error-code.ts";
import { descriptorTypeOf } from "./stat.ts";

/** Entries of one read: each is looked up on the host. */
const entriesMax = 256;

/** The names of a directory as a stream, from its beginning, and how reading them ended. */
export function readDirectory(
  context: P2Context,
  self: FileDescriptor,
): readonly [StreamSource, { readonly future: Promise<Outcome<ErrorCode>> }] {
  try {
    const opened = new FileDescriptor(self.directory.openAt(".", { mustBeDirectory: true }));
    return streamOf(context, new EntryStream(opened.directory));
  } catch (thrown) {
    return failedRead(thrown, fileErrorCode);
  }
}

function streamOf(
  context: P2Context,
  entries: EntryStream,
): readonly [StreamSource, { readonly future: Promise<Outcome<ErrorCode>> }] {
  const outcome = new StreamOutcome(fileErrorCode);
  const turn = new StreamTurn(context);
  const source: StreamSource = {
    read(wanted) {
      if (!turn.isThere) return undefined;
      turn.use();
      try {
        return wanted === 0 ? [] : take(entries, Math.min(wanted, entriesMax));
      } catch (thrown) {
        outcome.fail(thrown, "list a directory");
        return "ended";
      }
    },
    onReadable: (callback) => turn.onReady(alwaysReady, callback),
    close() {
      entries.drop();
      outcome.succeed();
    },
  };
  return [source, outcome.future];
}

function take(entries: EntryStream, count: number): ReturnType<StreamSource["read"]> {
  const taken: { readonly type: object; readonly name: string }[] = [];
  while (taken.length < count) {
    const entry = entries.read();
    if (entry === undefined) break;
    taken.push({ type: descriptorTypeOf(entry.type), name: entry.name });
  }
  return taken.length === 0 ? "ended" : taken;
}
