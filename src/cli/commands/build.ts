import { resolve } from "node:path";

import { KwasmError } from "#base";
import { type BuildFormat, buildImage, type BuildOptions } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";
import { optionalOne } from "./operands.ts";

export const buildCommand = defineCommand({
  name: "build",
  summary: "Build an image of a guest into the local store",
  operands: "[DIR|FILE.wasm]",
  description: `
Builds an image of a folder of Rust, Go, C, JavaScript, TypeScript, Python or AssemblyScript source (by default the current
one), or of a module or component that is already built. The compiler is the machine's or the project's own; where it
is missing, the command that installs it is shown.

The format is that of an image FROM scratch, which every container engine takes, or with wasm-artifact that of CNCF's
TAG Runtime, which wkg reads too: the module alone, without entrypoint and further files.

  kwasm build examples/quickstart/hello -t hello-wasm
  kwasm build guest.wasm -t guest:v2 --copy page.html=/site/index.html`,
  options: {
    tag: { short: "t", value: "NAME[:TAG]", summary: "Name of the image (required)" },
    format: { value: "FORMAT", summary: "scratch (default) or wasm-artifact" },
    copy: { value: "HOST=PATH", isRepeatable: true, summary: "Put a file of this machine into the image" },
  },
  async run({ options, operands, stateDirectory }, io) {
    if (options.tag === undefined) throw new KwasmError("invalid-argument", "-t NAME is missing: name the image");
    const image = await buildImage({
      format: parseFormat(options.format ?? "scratch"),
      describe: describeComponent,
      source: resolve(io.cwd, optionalOne(operands) ?? "."),
      name: options.tag,
      store: openImageStore(stateDirectory),
      files: options.copy.map((pair) => parseCopy(pair, io.cwd)),
      signal: io.interrupted(),
    });
    io.stdout.write(`${image.name}\n`);
    return EXIT_OK;
  },
});

function parseCopy(pair: string, cwd: string): { readonly hostPath: string; readonly imagePath: string } {
  const separator = pair.lastIndexOf("=");
  const [host, imagePath] = [pair.slice(0, separator), pair.slice(separator + 1)];
  if (separator > 0 && imagePath.startsWith("/")) return { hostPath: resolve(cwd, host), imagePath };
  throw new KwasmError("invalid-argument", `read --copy "${pair}": write HOST=PATH, PATH absolute`);
}

function parseFormat(text: string): BuildFormat {
  if (text === "scratch" || text === "wasm-artifact") return text;
  throw new KwasmError("invalid-argument", `read --format "${text}": write scratch or wasm-artifact`);
}

/** Loaded when it is needed: the control process is this command's file too, and has no engine. */
const describeComponent: NonNullable<BuildOptions["describe"]> = async (content) => {
  const { describeProgram } = await import("#engine");
  const { imports, exports } = describeProgram(new Uint8Array(content));
  return { imports: imports.map(({ name }) => name), exports: exports.map(({ name }) => name) };
};
