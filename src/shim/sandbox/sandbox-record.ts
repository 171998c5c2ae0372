import { KwasmError } from "#base";

/** All that is kept of a pod that containerd made by the sandbox controller; plain data, so that it outlives us. */
export interface SandboxRecord {
  /** containerd's namespace, such as `k8s.io`. */
  readonly namespace: string;
  readonly id: string;
  readonly group: string;
  readonly hasOwnGroup: boolean;
  readonly hostname: string;
  /** "" for the host's network. */
  readonly networkPath: string;
  readonly state: "created" | "ready" | "stopped";
  readonly createdAtMs: number;
  /** 0 until it is stopped. */
  readonly exitedAtMs: number;
}

/** containerd's own rule for identifiers and namespaces: pkg/identifiers/validate.go. They become names of files here. */
const IDENTIFIER_LENGTH_MAX = 76;
const identifier = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/u;

/** Throws `invalid-argument` for what containerd would not take for an identifier either. */
export function checkIdentifier(what: string, text: string): string {
  if (text.length <= IDENTIFIER_LENGTH_MAX && identifier.test(text)) return text;
  const allowed = `letters, digits and single ".", "_" or "-" between them, ${String(IDENTIFIER_LENGTH_MAX)} at most`;
  throw new KwasmError("invalid-argument", `read ${what} "${text.slice(0, IDENTIFIER_LENGTH_MAX)}": write ${allowed}`);
}

/** Throws `corrupt` for a text that is no record. */
export function parseRecord(text: string): SandboxRecord {
  try {
    const record: unknown = JSON.parse(text);
    if (isRecord(record)) return record;
  } catch (error) {
    throw new KwasmError("corrupt", `read a sandbox's record: ${String(error)}`, { cause: error });
  }
  throw new KwasmError("corrupt", `read a sandbox's record "${text.slice(0, 100)}": fields are missing; delete it`);
}

function isRecord(value: unknown): value is SandboxRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map(Object.entries(value));
  return (
    ["namespace", "id", "group", "hostname", "networkPath"].every((name) => typeof fields.get(name) === "string") &&
    typeof fields.get("hasOwnGroup") === "boolean" &&
    ["createdAtMs", "exitedAtMs"].every((name) => Number.isFinite(fields.get(name))) &&
    ["created", "ready", "stopped"].includes(String(fields.get("state")))
  );
}
