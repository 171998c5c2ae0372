import type { HostInterface } from "../component/index.ts";
import type { InputStream, OutputStream } from "../host/index.ts";
import type { P2Context } from "./context.ts";
import { GuestInput } from "./io/guest-input.ts";
import { GuestOutput } from "./io/guest-output.ts";

/** A component may ask for its streams any number of times; what it drops is its view, not the stream. */
const view = { origin: "other", release: () => undefined } as const;

/** The interfaces of `wasi:cli`, by name without package and version. */
export function cliInterfaces(context: P2Context): Readonly<Record<string, HostInterface>> {
  const { stdin, stdout, stderr } = context;
  return {
    environment: environmentInterface(context),
    exit: exitInterface(context),
    stdin: functionsOnly({ "get-stdin": () => new GuestInput(stdin, view) }),
    stdout: functionsOnly({ "get-stdout": () => new GuestOutput(stdout, view) }),
    stderr: functionsOnly({ "get-stderr": () => new GuestOutput(stderr, view) }),
    "terminal-input": { functions: {}, resources: { "terminal-input": {} } },
    "terminal-output": { functions: {}, resources: { "terminal-output": {} } },
    "terminal-stdin": functionsOnly({ "get-terminal-stdin": () => terminalOf(stdin) }),
    "terminal-stdout": functionsOnly({ "get-terminal-stdout": () => terminalOf(stdout) }),
    "terminal-stderr": functionsOnly({ "get-terminal-stderr": () => terminalOf(stderr) }),
  };
}

function environmentInterface({ env, args }: P2Context): HostInterface {
  return functionsOnly({
    "get-environment": () => env,
    "get-arguments": () => args,
    "initial-cwd": () => undefined,
  });
}

function exitInterface({ hooks }: P2Context): HostInterface {
  return functionsOnly({
    exit(status: { readonly tag: "ok" | "err" }): never {
      throw hooks.onExit(status.tag === "ok" ? 0 : 1);
    },
    "exit-with-code"(code: number): never {
      throw hooks.onExit(code);
    },
  });
}

/** The resource has no methods: that there is one says that a person sits at the other end. */
function terminalOf(stream: InputStream | OutputStream): object | undefined {
  return stream.isTerminal ? {} : undefined;
}

function functionsOnly(functions: HostInterface["functions"]): HostInterface {
  return { functions, resources: {} };
}
