import type { HostInterface } from "../../component/index.ts";
import { HostError, type OutputStream, type RegularFile } from "../../host/index.ts";
import type { P2Context } from "../../p2/context.ts";
import type { FileDescriptor } from "../../p2/filesystem/descriptor.ts";
import { attempt, attemptLater } from "../../p2/filesystem/error-code.ts";
import { flagsOf as flagsOfP2 } from "../../p2/filesystem/file-functions.ts";
import { FileInput, FileOutput } from "../../p2/filesystem/file-streams.ts";
import { prompt } from "../calls.ts";
import type { Outcome } from "../outcome.ts";
import { failedOutput, failedRead, readVia, type ReadAnswer, writeVia } from "../streams.ts";
import { readDirectory } from "./entries.ts";
import { asAnswerOfP3, type ErrorCode, fileErrorCode } from "./error-code.ts";
import { descriptorStatOf, descriptorTypeOf } from "./stat.ts";

/** Methods of a descriptor that are streams, or that 0.3 answers in another form than 0.2. */
export function fileFunctions(context: P2Context): HostInterface["functions"] {
  return { ...streamFunctions(context), ...attributeFunctions(context) };
}

function streamFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]descriptor.read-via-stream": (self: FileDescriptor, offset: bigint) => readFile(context, self, offset),
    "[method]descriptor.write-via-stream": (self: FileDescriptor, data: object, offset: bigint) =>
      writeFile(context, self, { data, offset }),
    "[method]descriptor.append-via-stream": (self: FileDescriptor, data: object) =>
      writeFile(context, self, { data, offset: "append" }),
    "[method]descriptor.read-directory": (self: FileDescriptor) => readDirectory(context, self),
  };
}

/** The stream goes on where its descriptor is dropped. */
function readFile(context: P2Context, self: FileDescriptor, offset: bigint): ReadAnswer<ErrorCode> {
  try {
    return readVia(context, new FileInput(self.file, offset), fileErrorCode, self.hold());
  } catch (thrown) {
    return failedRead(thrown, fileErrorCode);
  }
}

interface Writing {
  readonly data: object;
  readonly offset: bigint | "append";
}

function writeFile(
  context: P2Context,
  self: FileDescriptor,
  { data, offset }: Writing,
): { readonly future: Promise<Outcome<ErrorCode>> } {
  const release = self.hold();
  const answer = writeVia(context, data, outputOf(self, offset), fileErrorCode);
  void answer.future.then(release);
  return answer;
}

function outputOf(self: FileDescriptor, offset: bigint | "append"): OutputStream {
  try {
    if (self.file.options.write !== true) {
      throw new HostError("bad-descriptor", "write a file: it was not opened for writing");
    }
    return new FileOutput(self.file, offset);
  } catch (thrown) {
    return failedOutput(thrown);
  }
}

function attributeFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]descriptor.advise": prompt(context, (self: FileDescriptor, ...advice: Parameters<RegularFile["advise"]>) =>
      asAnswerOfP3(attempt(() => adviseFile(self, advice))),
    ),
    "[method]descriptor.get-flags": prompt(context, (self: FileDescriptor) => attempt(() => flagsOf(self))),
    "[method]descriptor.get-type": prompt(context, (self: FileDescriptor) =>
      attempt(() => descriptorTypeOf(self.node.kind)),
    ),
    "[method]descriptor.stat": prompt(context, (self: FileDescriptor) =>
      asAnswerOfP3(attempt(() => descriptorStatOf(self.node.stat()))),
    ),
    "[method]descriptor.sync": async (self: FileDescriptor) => asAnswerOfP3(await attemptLater(() => self.node.sync())),
    "[method]descriptor.sync-data": async (self: FileDescriptor) =>
      asAnswerOfP3(await attemptLater(() => self.node.dataSync())),
  };
}

/** What is no file has no advice to take. */
function adviseFile({ node }: FileDescriptor, advice: Parameters<RegularFile["advise"]>): void {
  if (node.kind !== "regular-file") throw new HostError("bad-descriptor", "advise on a directory");
  node.advise(...advice);
}

/** A directory says of itself what it was opened for. */
function flagsOf(self: FileDescriptor): ReadonlySet<string> {
  const flags = flagsOfP2(self);
  return self.mutatesDirectory ? flags : new Set([...flags].filter((flag) => flag !== "mutate-directory"));
}
