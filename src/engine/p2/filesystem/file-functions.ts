import type { HostInterface } from "../../component/index.ts";
import type { Advice } from "../../host/index.ts";
import { waiting } from "../calls.ts";
import type { P2Context } from "../context.ts";
import { GuestInput } from "../io/guest-input.ts";
import { GuestOutput } from "../io/guest-output.ts";
import type { FileDescriptor } from "./descriptor.ts";
import { attempt, attemptLater } from "./error-code.ts";
import { FileInput, FileOutput } from "./file-streams.ts";
import { descriptorStatOf, metadataHashOf, type NewTimestamp, newTimeOf } from "./stat.ts";

/** Bytes of one read; the count that comes back says how far it went. */
const readBytesMax = 1_048_576n;

/** Methods of a descriptor that need no path. */
export function fileFunctions(context: P2Context): HostInterface["functions"] {
  return { ...streamFunctions, ...contentFunctions(context), ...attributeFunctions };
}

const streamFunctions: HostInterface["functions"] = {
  "[method]descriptor.read-via-stream": (self: FileDescriptor, offset: bigint) =>
    attempt(() => new GuestInput(new FileInput(self.file, offset), { origin: "files", release: self.hold() })),
  "[method]descriptor.write-via-stream": (self: FileDescriptor, offset: bigint) =>
    attempt(() => outputTo(self, offset)),
  "[method]descriptor.append-via-stream": (self: FileDescriptor) => attempt(() => outputTo(self, "append")),
};

function outputTo(self: FileDescriptor, offset: bigint | "append"): GuestOutput {
  return new GuestOutput(new FileOutput(self.file, offset), { origin: "files", release: self.hold() });
}

function contentFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]descriptor.advise": (self: FileDescriptor, offset: bigint, length: bigint, advice: Advice) =>
      attempt(() => self.file.advise(offset, length, advice)),
    "[method]descriptor.set-size": (self: FileDescriptor, size: bigint) => attempt(() => self.file.setSize(size)),
    "[method]descriptor.read": (self: FileDescriptor, length: bigint, offset: bigint) =>
      attempt(() => {
        const buffer = new Uint8Array(Number(length < readBytesMax ? length : readBytesMax));
        const count = self.file.readAt(buffer, offset);
        return [buffer.subarray(0, count), count === 0 && length > 0n];
      }),
    "[method]descriptor.write": (self: FileDescriptor, bytes: Uint8Array, offset: bigint) =>
      attempt(() => BigInt(self.file.writeAt(bytes, offset))),
    "[method]descriptor.sync": waiting(context, (self: FileDescriptor) => attemptLater(() => self.node.sync())),
    "[method]descriptor.sync-data": waiting(context, (self: FileDescriptor) =>
      attemptLater(() => self.node.dataSync()),
    ),
  };
}

const attributeFunctions: HostInterface["functions"] = {
  "[method]descriptor.get-flags": (self: FileDescriptor) => attempt(() => flagsOf(self)),
  "[method]descriptor.get-type": (self: FileDescriptor) => attempt(() => self.node.kind),
  "[method]descriptor.stat": (self: FileDescriptor) => attempt(() => descriptorStatOf(self.node.stat())),
  "[method]descriptor.set-times": (self: FileDescriptor, accessed: NewTimestamp, modified: NewTimestamp) =>
    attempt(() => self.node.setTimes({ accessed: newTimeOf(accessed), modified: newTimeOf(modified) })),
  "[method]descriptor.is-same-object": (self: FileDescriptor, other: FileDescriptor) => {
    const [one, two] = [self.node.stat(), other.node.stat()];
    return one.device === two.device && one.inode === two.inode;
  },
  "[method]descriptor.metadata-hash": (self: FileDescriptor) => attempt(() => metadataHashOf(self.node.stat())),
};

/** `descriptor-flags` of what is open. */
export function flagsOf({ node }: FileDescriptor): ReadonlySet<string> {
  if (node.kind === "directory") return new Set(node.readOnly ? ["read"] : ["read", "mutate-directory"]);
  const { read, write, sync, dataSync } = node.options;
  const flags = { read, write, "file-integrity-sync": sync, "data-integrity-sync": dataSync };
  return new Set(Object.entries(flags).flatMap(([name, isSet]) => (isSet === true ? [name] : [])));
}
