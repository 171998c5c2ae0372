import { KwasmError } from "#base";
import { runOnce } from "#node";

import { defineCommand } from "../frame/command.ts";
import { grantAll, spinVariablesOf } from "./run/grant-program.ts";
import { networkGrantOf, networkOptions } from "./run/network-options.ts";
import { parseDuration, parseGrant, parseListenAddress, parseSize, parseVariable } from "./run/parse-grants.ts";
import { findProgram } from "./run/program.ts";
import { formatEndpoint, runToEnd } from "./run/run-to-end.ts";

export const runCommand = defineCommand({
  name: "run",
  summary: "Run one guest in the foreground",
  operands: "REF [--] [ARG…]",
  description: `
Runs a .wasm file, an OCI image layout folder, an archive of an image or an image of the local store. The guest's streams
are those of this command and its exit code is the command's. It gets nothing that is not granted here.

Exit codes: the guest's own; 134 trap; 137 out of memory; 124 timed out; 126 cannot be run; 127 not found;
128 + N ended by signal N.

With --invoke one function is called instead: of a component by a call in WAVE, the value syntax of components, of a
core module by numbers. 'kwasm inspect' shows what there is to call.

A REF that ends in .toml is the manifest of a Spin application with a command; its manifest says what that may use.

  kwasm run --env NAME=world hello.wasm
  kwasm run --invoke 'add(1, 2)' numbers.wasm
  kwasm run --dir ./site::/site:ro --listen 127.0.0.1:8080 server.wasm
  kwasm run --allow-outbound api.example.com:443 client.wasm`,
  options: {
    env: { short: "e", value: "NAME=VALUE", isRepeatable: true, summary: "Set a variable; NAME alone passes it on" },
    dir: { value: "HOST[::GUEST][:ro]", isRepeatable: true, summary: "Grant a directory, under its own path or GUEST" },
    listen: { value: "ADDR:PORT", isRepeatable: true, summary: "Hand in a listening socket" },
    ...networkOptions,
    memory: { short: "m", value: "SIZE", summary: "Cap of its memory, as 32Mi (default 4Gi)" },
    timeout: { value: "DURATION", summary: "End it after so long, as 5s" },
    invoke: { value: "CALL", summary: "Call an exported function, as 'f(1, \"x\")', and print its answer" },
    "trap-unknown-imports": { summary: "Run it also where nobody offers what it imports; calls of that trap" },
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
      network: networkGrantOf(options),
      memoryBytesMax: parseSize(options.memory ?? "4Gi", "--memory"),
      start: {
        ...(options.invoke === undefined ? {} : { invoke: options.invoke }),
        ...(options["trap-unknown-imports"] ? { trapsUnknownImports: true } : {}),
      },
      ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout, "--timeout") }),
    };
    const args = rest[0] === "--" ? rest.slice(1) : rest;
    return runToEnd(io, async () => {
      const environment = new Map([...spinVariablesOf(io.env), ...grants.env]);
      const found = {
        args,
        cwd: io.cwd,
        stateDirectory,
        argv0: options.argv0,
        applications: { kind: "command", environment } as const,
      };
      return runOnce({
        ...grants,
        ...grantAll(await findProgram(reference, found), grants),
        onListening: (listeners) => {
          for (const { address, port } of listeners) io.stderr.write(`Listening on ${formatEndpoint(address, port)}\n`);
        },
      });
    });
  },
});
