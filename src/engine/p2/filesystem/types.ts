import type { HostInterface } from "../../component/index.ts";
import type { P2Context } from "../context.ts";
import type { IoError } from "../io/io-error.ts";
import { FileDescriptor } from "./descriptor.ts";
import { directoryFunctions } from "./directory-functions.ts";
import type { EntryStream } from "./entries.ts";
import { attempt, errorCodeOf } from "./error-code.ts";
import { fileFunctions } from "./file-functions.ts";
import { descriptorTypeOf } from "./stat.ts";

/** `wasi:filesystem/types`. */
export function filesystemTypesInterface(context: P2Context): HostInterface {
  return {
    functions: {
      ...fileFunctions(context),
      ...directoryFunctions,
      "[method]directory-entry-stream.read-directory-entry": (stream: EntryStream) =>
        attempt(() => {
          const entry = stream.read();
          return entry && { type: descriptorTypeOf(entry.type), name: entry.name };
        }),
      "filesystem-error-code": (error: IoError) => (error.origin === "files" ? errorCodeOf(error.cause) : undefined),
    },
    resources: {
      descriptor: { drop: (descriptor: FileDescriptor) => descriptor.drop() },
      "directory-entry-stream": { drop: (stream: EntryStream) => stream.drop() },
    },
  };
}

/** `wasi:filesystem/preopens`. */
export function preopensInterface({ preopens }: P2Context): HostInterface {
  return {
    functions: {
      "get-directories": () => preopens.map((tree) => [new FileDescriptor(tree.openRoot()), tree.guestPath]),
    },
    resources: {},
  };
}
