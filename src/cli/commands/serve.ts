import { KwasmError } from "#base";
import { type HttpSpec, type ListenerSpec, runOnce } from "#node";
import { readRuntimeConfig } from "#spin";

import { defineCommand } from "../frame/command.ts";
import { parseCount } from "../frame/parse-values.ts";
import { grantAll, spinVariablesOf } from "./run/grant-program.ts";
import { networkGrantOf, networkOptions } from "./run/network-options.ts";
import { parseDuration, parseGrant, parseListenAddress, parseSize, parseVariable } from "./run/parse-grants.ts";
import { findProgram, type Program } from "./run/program.ts";
import { formatEndpoint, runToEnd } from "./run/run-to-end.ts";

const listenDefault = "127.0.0.1:8080";
const drainDefault = "30s";

export const serveCommand = defineCommand({
  name: "serve",
  summary: "Answer HTTP requests by a component or a Spin application",
  operands: "REF [--] [ARG…]",
  description: `
Serves a component that exports "wasi:http/incoming-handler" of WASI 0.2 or "wasi:http/handler" of WASI 0.3: HTTP/1.1,
and HTTP/2 without TLS where the client begins with it. REF is a .wasm file, an OCI image layout folder, an archive of
an image or an image of the local store. Each request gets an instance of its own, and bodies are streamed both ways.
Nothing is granted that is not granted here.

A REF that ends in .toml is the manifest of a Spin application; an image with /spin.toml and an artifact of
"spin registry push" are applications as well. They say themselves what their components may use; --env sets a variable
of all of them. One that is given messages of Redis alone opens no port. Variables of the application get their values from SPIN_VARIABLE_NAME. Spin's runtime configuration says
where stores of other labels are.

SIGTERM and SIGINT let running requests end and take no more; a second one ends at once. Exit codes: 0 once all
requests have ended; 143 where some were cut off; 126 cannot be run; 127 not found.

  kwasm serve hello.wasm
  kwasm serve spin.toml
  kwasm serve --listen :8080 --env NAME=world --dir ./site::/site:ro --reuse 100 --access-log hello.wasm`,
  options: {
    listen: { value: "ADDR:PORT", summary: `Where to listen (default ${listenDefault})` },
    env: { short: "e", value: "NAME=VALUE", isRepeatable: true, summary: "Set a variable; NAME alone passes it on" },
    dir: { value: "HOST[::GUEST][:ro]", isRepeatable: true, summary: "Grant a directory, under its own path or GUEST" },
    ...networkOptions,
    "runtime-config-file": { value: "FILE", summary: "Where a Spin application has its stores and variables from" },
    memory: { short: "m", value: "SIZE", summary: "Cap of all its instances' memory together (default 4Gi)" },
    reuse: { value: "N", summary: "Requests that an instance answers before a new one is made (default 1)" },
    "max-concurrent": { value: "N", summary: "Requests answered at a time (default 128)" },
    "max-queue": { value: "N", summary: "Requests that wait for their turn; more get 503 (default 1024)" },
    "max-body": { value: "SIZE", summary: "Cap of a request's body; more gets 413 (default none)" },
    timeout: { value: "DURATION", summary: "Until an answer begins; later gets 504 (default 60s)" },
    drain: {
      value: "DURATION",
      summary: `Until running requests are cut off after a signal (default ${drainDefault})`,
    },
    "access-log": { summary: "Write a line to standard error for each request" },
  },
  stopsAtOperand: true,
  async run({ options, operands, stateDirectory }, io) {
    const [reference, ...rest] = operands;
    if (reference === undefined) throw new KwasmError("invalid-argument", "REF is missing: name a file or an image");
    const http = { ...readLimits(options), drainMsMax: parseDuration(options.drain ?? drainDefault, "--drain") };
    const env = options.env.map((text) => parseVariable(text, io.env));
    const mounts = options.dir.map((text) => parseGrant(text, io.cwd));
    const listener = parseListenAddress(options.listen ?? listenDefault);
    const network = networkGrantOf(options);
    const memoryBytesMax = parseSize(options.memory ?? "4Gi", "--memory");
    const args = rest[0] === "--" ? rest.slice(1) : rest;
    return runToEnd(io, async () => {
      const file = options["runtime-config-file"];
      const runtimeConfig = file === undefined ? undefined : await readRuntimeConfig(file, io.cwd);
      const environment = new Map([...spinVariablesOf(io.env, runtimeConfig), ...env]);
      const applications = { kind: "service", environment, ...(runtimeConfig && { runtimeConfig }) } as const;
      const found = await findProgram(reference, { args, cwd: io.cwd, stateDirectory, argv0: undefined, applications });
      const program = grantAll(found, { env, mounts, network });
      return runOnce({
        ...program,
        listeners: answersRequests(program) ? [listener] : [],
        memoryBytesMax,
        http,
        onListening: (listeners) => io.stderr.write(listeners.map(sayServing).join("")),
      });
    });
  },
});

/** An application that is given messages alone has no port. */
function answersRequests({ application }: Program): boolean {
  return application === undefined || application.routes.length > 0;
}

interface LimitOptions {
  readonly reuse?: string | undefined;
  readonly "max-concurrent"?: string | undefined;
  readonly "max-queue"?: string | undefined;
  readonly "max-body"?: string | undefined;
  readonly timeout?: string | undefined;
  readonly "access-log"?: boolean | undefined;
}

function readLimits(options: LimitOptions): HttpSpec {
  const { reuse, timeout } = options;
  const concurrent = options["max-concurrent"];
  const queue = options["max-queue"];
  const body = options["max-body"];
  return {
    ...(reuse === undefined ? {} : { reuse: parseCount(reuse, "--reuse", 1) }),
    ...(concurrent === undefined ? {} : { concurrencyMax: parseCount(concurrent, "--max-concurrent", 1) }),
    ...(queue === undefined ? {} : { queueMax: parseCount(queue, "--max-queue") }),
    ...(body === undefined ? {} : { bodyBytesMax: parseSize(body, "--max-body") }),
    ...(timeout === undefined ? {} : { answerMsMax: parseDuration(timeout, "--timeout") }),
    logsAccess: options["access-log"] === true,
  };
}

function sayServing({ address, port }: ListenerSpec): string {
  return `Serving HTTP on http://${formatEndpoint(address, port)}/\n`;
}
