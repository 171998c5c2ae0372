import { KwasmError } from "#base";
import { type ForegroundGuest, runOnce } from "#node";

import { defineCommand } from "../frame/command.ts";
import { printDiagnostic } from "../frame/diagnostics.ts";
import { exitCodeOf } from "../frame/exit-codes.ts";
import { Interruption, type Io } from "../frame/io.ts";
import { parseGrant, parseListenAddress, parseMemory, parseTimeout, parseVariable } from "./run/parse-grants.ts";
import { findProgram } from "./run/program.ts";

/** What POSIX shells and `podman run` exit with when a program is not there, and when it cannot be run. */
const EXIT_MISSING = 127;
const EXIT_REFUSED = 126;

export const runCommand = defineCommand({
  name: "run",
  summary: "Run one guest in the foreground",
  operands: "REF [--] [ARG…]",
  description: `
Runs a .wasm file, an OCI image layout folder or an image of the local store. The guest's streams are those of this
command and its exit code is the command's. It gets nothing that is not granted here.

Exit codes: the guest's own; 134 trap; 137 out of memory; 124 timed out; 126 cannot be run; 127 not found;
128 + N ended by signal N.

  kwasm run --env NAME=world hello.wasm
  kwasm run --dir ./site::/site:ro --listen 127.0.0.1:8080 server.wasm`,
  options: {
    env: { short: "e", value: "NAME=VALUE", isRepeatable: true, summary: "Set a variable; NAME alone passes it on" },
    dir: { value: "HOST[::GUEST][:ro]", isRepeatable: true, summary: "Grant a directory, under its own path or GUEST" },
    listen: { value: "ADDR:PORT", isRepeatable: true, summary: "Hand in a listening socket" },
    memory: { short: "m", value: "SIZE", summary: "Cap of its memory, as 32Mi (default 4Gi)" },
    timeout: { value: "DURATION", summary: "End it after so long, as 5s" },
    argv0: { value: "NAME", summary: "Its own name, the first of its arguments" },
  },
  stopsAtOperand: true,
  async run({ options, operands, stateDirectory }, io) {
    const [reference, ...rest] = operands;
    if (reference === undefined) throw new KwasmError("invalid-argument", "REF is missing: name a file or an image");
    const grants = {
      env: options.env.map((text) => parseVariable(text, io.env)),
      mounts: options.dir.map((text) => parseGrant(text, io.cwd)),
      listeners: options.listen.map(parseListenAddress),
      memoryBytesMax: parseMemory(options.memory ?? "4Gi"),
      ...(options.timeout === undefined ? {} : { timeoutMs: parseTimeout(options.timeout) }),
    };
    const args = rest[0] === "--" ? rest.slice(1) : rest;
    return runToEnd(io, async () => {
      const program = await findProgram(reference, { args, cwd: io.cwd, stateDirectory, argv0: options.argv0 });
      return runOnce({
        ...grants,
        module: program.module,
        args: program.args,
        env: [...program.env, ...grants.env],
        mounts: [...program.mounts, ...grants.mounts],
        onListening: (listeners) => {
          for (const { address, port } of listeners) io.stderr.write(`Listening on ${formatEndpoint(address, port)}\n`);
        },
      });
    });
  },
});

async function runToEnd(io: Io, begin: () => Promise<ForegroundGuest>): Promise<number> {
  try {
    // Asked for first: a signal that comes while the guest starts must not leave it behind either.
    const signal = io.interrupted();
    const guest = await begin();
    const end = (): void => guest.kill(nameOfSignal(signal.reason));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    const { code, message } = await guest.ended;
    if (message !== "") printDiagnostic(io, "error", message);
    return code;
  } catch (thrown) {
    const error = KwasmError.from(thrown, "run the guest");
    printDiagnostic(io, "error", error.message);
    return exitCodeOfRefusal(error);
  }
}

function exitCodeOfRefusal({ code }: KwasmError): number {
  if (code === "not-found") return EXIT_MISSING;
  return code === "invalid-argument" ? exitCodeOf(code) : EXIT_REFUSED;
}

function nameOfSignal(reason: unknown): "SIGINT" | "SIGTERM" {
  return reason instanceof Interruption ? reason.signalName : "SIGTERM";
}

function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}
