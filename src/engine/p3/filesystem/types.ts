import type { HostFunction, HostInterface } from "../../component/index.ts";
import type { P2Context } from "../../p2/context.ts";
import { FileDescriptor } from "../../p2/filesystem/descriptor.ts";
import { openOptionsOf } from "../../p2/filesystem/directory-functions.ts";
import { attempt } from "../../p2/filesystem/error-code.ts";
import { filesystemTypesInterface as typesOfP2, preopensInterface as preopensOfP2 } from "../../p2/filesystem/types.ts";
import { plainFunction, prompt } from "../calls.ts";
import { asAnswerOfP3 } from "./error-code.ts";
import { fileFunctions } from "./file-functions.ts";
import { descriptorStatOf } from "./stat.ts";

type Flags = ReadonlySet<string>;

/** Methods that differ from those of 0.2 in nothing but how they name errors. */
const methodsOfP2 = [
  "set-size",
  "set-times",
  "set-times-at",
  "create-directory-at",
  "link-at",
  "readlink-at",
  "rename-at",
  "symlink-at",
  "unlink-file-at",
  "metadata-hash",
  "metadata-hash-at",
].map((name) => `[method]descriptor.${name}`);

/** `wasi:filesystem/types`. */
export function filesystemTypesInterface(context: P2Context): HostInterface {
  const types = typesOfP2(context);
  const same = "[method]descriptor.is-same-object";
  return {
    functions: {
      ...Object.fromEntries(methodsOfP2.map((name) => [name, prompt(context, adapted(plainFunction(types, name)))])),
      [same]: prompt(context, plainFunction(types, same)),
      ...fileFunctions(context),
      ...pathFunctions(context),
    },
    resources: { descriptor: types.resources["descriptor"] ?? {} },
  };
}

/** `wasi:filesystem/preopens`. */
export const preopensInterface = preopensOfP2;

function pathFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]descriptor.stat-at": prompt(context, (self: FileDescriptor, flags: Flags, path: string) =>
      asAnswerOfP3(attempt(() => descriptorStatOf(self.directory.statAt(path, flags.has("symlink-follow"))))),
    ),
    "[method]descriptor.open-at": prompt(
      context,
      (self: FileDescriptor, pathFlags: Flags, path: string, open: Flags, flags: Flags) =>
        asAnswerOfP3(attempt(() => openAt(self, path, { pathFlags, open, flags }))),
    ),
    "[method]descriptor.remove-directory-at": prompt(context, (self: FileDescriptor, path: string) =>
      asAnswerOfP3(attempt(() => removeDirectoryAt(self, path))),
    ),
  };
}

/** A slash behind a name asks for what a symlink leads to; out of the grant nothing is looked at. */
function removeDirectoryAt(self: FileDescriptor, path: string): void {
  if (path.endsWith("/")) self.directory.statAt(path, true);
  self.directory.removeDirectoryAt(path);
}

interface OpenFlags {
  readonly pathFlags: Flags;
  readonly open: Flags;
  readonly flags: Flags;
}

/** Who creates a file means to write it. */
function openAt(self: FileDescriptor, path: string, { pathFlags, open, flags }: OpenFlags): FileDescriptor {
  const options = openOptionsOf(pathFlags, open, flags);
  const node = self.directory.openAt(path, { ...options, write: options.write === true || open.has("create") });
  return new FileDescriptor(node, flags.has("mutate-directory"));
}

function adapted(source: HostFunction): HostFunction {
  return (...parameters) => asAnswerOfP3(source(...parameters) as Parameters<typeof asAnswerOfP3>[0]);
}
