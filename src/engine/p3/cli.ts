import type { HostInterface } from "../component/index.ts";
import type { HostErrorCode } from "../host/index.ts";
import { cliInterfaces as cliInterfacesOfP2 } from "../p2/cli.ts";
import type { P2Context } from "../p2/context.ts";
import { cliErrorCode } from "./outcome.ts";
import { readVia, writeVia } from "./streams.ts";

/** The interfaces of `wasi:cli`, by name without package and version. What is not of streams is as in WASI 0.2. */
export function cliInterfaces(context: P2Context): Readonly<Record<string, HostInterface>> {
  const { stdin, stdout, stderr, args, env } = context;
  const write = (output: typeof stdout) => ({
    "write-via-stream": (data: object) => writeVia<HostErrorCode>(context, data, output, cliErrorCode),
  });
  return {
    ...cliInterfacesOfP2(context),
    environment: functionsOnly({
      "get-environment": () => env,
      "get-arguments": () => args,
      "get-initial-cwd": () => undefined,
    }),
    stdin: functionsOnly({ "read-via-stream": () => readVia(context, stdin, cliErrorCode) }),
    stdout: functionsOnly(write(stdout)),
    stderr: functionsOnly(write(stderr)),
  };
}

function functionsOnly(functions: HostInterface["functions"]): HostInterface {
  return { functions, resources: {} };
}
