import { KwasmError } from "#base";
import { BootstrapResult } from "#proto";

/** Where a shim serves its tasks, and by which name of the service. */
export interface ShimAddress {
  /** Path of a Unix socket. */
  readonly path: string;
  readonly service: "containerd.task.v2.Task" | "containerd.task.v3.Task";
}

interface Printed {
  readonly version: number;
  readonly address: string;
  readonly protocol: string;
}

const SCHEME = "unix://";

/**
 * Reads what a shim printed at its start: the address alone, JSON since containerd 1.7, or a BootstrapResult since 2.3
 * (docs/runtime-v2.md of containerd).
 */
export function parseShimAddress(output: Uint8Array): ShimAddress {
  const { version, address, protocol } = parsePrinted(output);
  const isServed = version === 2 || version === 3;
  if (!isServed || !address.startsWith(`${SCHEME}/`) || (protocol !== "ttrpc" && protocol !== "")) {
    const said = `version "${String(version)}", protocol "${protocol}", address "${address}"`;
    throw new KwasmError(
      "unsupported",
      `read the address of a shim: it says ${said}; ttrpc on a Unix socket is needed`,
    );
  }
  return { path: address.slice(SCHEME.length), service: `containerd.task.v${version}.Task` };
}

function parsePrinted(output: Uint8Array): Printed {
  const text = Buffer.from(output).toString().trim();
  if (text.startsWith("{")) return parseJson(text);
  if (text.startsWith(SCHEME)) return { version: 2, address: text, protocol: "ttrpc" };
  return BootstrapResult.decode(output);
}

function parseJson(text: string): Printed {
  try {
    const value: unknown = JSON.parse(text);
    const printed = typeof value === "object" && value !== null ? value : {};
    return {
      version: "version" in printed ? Number(printed.version) : 0,
      address: "address" in printed ? String(printed.address) : "",
      protocol: "protocol" in printed ? String(printed.protocol) : "",
    };
  } catch (error) {
    throw new KwasmError("corrupt", `read the address of a shim "${text}": ${String(error)}`, { cause: error });
  }
}
