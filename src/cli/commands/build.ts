import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { KwasmError } from "#base";
import { type BuildFormat, buildImage, type BuildOptions, type StoredImage } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { openImageStore } from "./image-store.ts";
import { optionalOne } from "./operands.ts";
import { buildApplication, isApplication } from "./spin/build-application.ts";

export const buildCommand = defineCommand({
  name: "build",
  summary: "Build an image of a guest into the local store",
  operands: "[DIR|FILE.wasm|spin.toml]",
  description: `
Builds an image of a folder of Rust, Go, C, JavaScript, TypeScript, Python or AssemblyScript source (by default the current
one), or of a module or component that is already built. The compiler is the machine's or the project's own; where it
is missing, the command that installs it is shown.

The format is that of an image FROM scratch, which every container engine takes, or with wasm-artifact that of CNCF's
TAG Runtime, which wkg reads too: the module alone, without entrypoint and further files.

A folder with a spin.toml is a Spin application: the build commands of its components are run, each by a shell in that
folder, and the image has its manifest, modules and files. With format spin it is the artifact of spin registry push.

  kwasm build examples/quickstart/hello -t hello-wasm
  kwasm build guest.wasm -t guest:v2 --copy page.html=/site/index.html
  kwasm build examples/rust/spin-hello -t spin-hello --format spin`,
  options: {
    tag: { short: "t", value: "NAME[:TAG]", summary: "Name of the image (required)" },
    format: { value: "FORMAT", summary: "scratch (default), wasm-artifact or spin" },
    copy: { value: "HOST=PATH", isRepeatable: true, summary: "Put a file of this machine into the image" },
  },
  async run({ options, operands, stateDirectory }, io) {
    if (options.tag === undefined) throw new KwasmError("invalid-argument", "-t NAME is missing: name the image");
    const source = resolve(io.cwd, optionalOne(operands) ?? ".");
    const request = {
      source,
      format: parseFormat(options.format ?? "scratch"),
      name: options.tag,
      store: openImageStore(stateDirectory),
      files: options.copy.map((pair) => parseCopy(pair, io.cwd)),
      signal: io.interrupted(),
    };
    const manifest = manifestOf(source);
    const image = manifest === undefined ? await buildGuest(request) : await buildSpin(manifest, request, io);
    io.stdout.write(`${image.name}\n`);
    return EXIT_OK;
  },
});

type Format = BuildFormat | "spin";

interface BuildRequest extends Pick<BuildOptions, "source" | "name" | "store"> {
  readonly format: Format;
  readonly files: NonNullable<BuildOptions["files"]>;
  readonly signal: AbortSignal;
}

/** The manifest of a Spin application: the operand itself, or in the folder that it is. */
function manifestOf(source: string): string | undefined {
  if (isApplication(source)) return source;
  const inFolder = join(source, "spin.toml");
  return existsSync(inFolder) ? inFolder : undefined;
}

function buildGuest({ format, ...request }: BuildRequest): Promise<StoredImage> {
  if (format !== "spin") return buildImage({ ...request, format, describe: describeComponent });
  throw new KwasmError("invalid-argument", `build "${request.source}" with --format spin: it has no spin.toml`);
}

function buildSpin(manifest: string, request: BuildRequest, io: Pick<Io, "stderr">): Promise<StoredImage> {
  const { format, files, name, store, signal } = request;
  if (format === "wasm-artifact") {
    throw new KwasmError("invalid-argument", `build "${manifest}": a Spin application is no wasm-artifact; write spin`);
  }
  if (files.length > 0) {
    throw new KwasmError("invalid-argument", `build "${manifest}" with --copy: its manifest says which files it has`);
  }
  return buildApplication(manifest, { name, store, signal, format, runsCommands: true }, io);
}

function parseCopy(pair: string, cwd: string): { readonly hostPath: string; readonly imagePath: string } {
  const separator = pair.lastIndexOf("=");
  const [host, imagePath] = [pair.slice(0, separator), pair.slice(separator + 1)];
  if (separator > 0 && imagePath.startsWith("/")) return { hostPath: resolve(cwd, host), imagePath };
  throw new KwasmError("invalid-argument", `read --copy "${pair}": write HOST=PATH, PATH absolute`);
}

function parseFormat(text: string): Format {
  if (text === "scratch" || text === "wasm-artifact" || text === "spin") return text;
  throw new KwasmError("invalid-argument", `read --format "${text}": write scratch, wasm-artifact or spin`);
}

/** Loaded when it is needed: the control process is this command's file too, and has no engine. */
const describeComponent: NonNullable<BuildOptions["describe"]> = async (content) => {
  const { describeProgram } = await import("#engine");
  const { imports, exports } = describeProgram(new Uint8Array(content));
  return { imports: imports.map(({ name }) => name), exports: exports.map(({ name }) => name) };
};
