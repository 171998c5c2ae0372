import { KwasmError } from "#base";
import type { Any } from "#proto";

/** The type under which containerd sends a process of the OCI runtime specification, as JSON. */
const PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process";
/** Linux gives a program as much for its arguments and environment, which is what such a process holds. */
export const PROCESS_BYTES_MAX = 2 * 1024 * 1024;

/** The word that stands for the runtime itself, where others have a program. */
const programs: ReadonlySet<string> = new Set(["kwasm", "/kwasm"]);

export interface ExecCommand {
  /** The words behind `/kwasm`. */
  readonly command: readonly string[];
  readonly workingDirectory: string;
}

/** Reads what is to be run in a container. Throws `unsupported`, with what there is instead, for any other program. */
export function readExecCommand(spec: Any | undefined): ExecCommand {
  const { args, cwd } = readProcess(spec);
  const [program = "", ...command] = args;
  if (programs.has(program)) return { command, workingDirectory: cwd };
  throw new KwasmError(
    "unsupported",
    `run "${program.slice(0, 200)}" in a Wasm container: it has no programs; look into it by "/kwasm ps", "top", "ls", ` +
      '"cat" or "env", read its output by "kubectl logs", probe it by httpGet or tcpSocket, or attach a container ' +
      'with programs by "kubectl debug"',
  );
}

function readProcess(spec: Any | undefined): { readonly args: readonly string[]; readonly cwd: string } {
  if (spec?.typeUrl !== PROCESS_TYPE) throw malformed(`its type is "${spec?.typeUrl.slice(0, 200) ?? ""}"`);
  if (spec.value.byteLength > PROCESS_BYTES_MAX) {
    throw tooLarge(spec.value.byteLength);
  }
  const process = parseJson(spec.value);
  if (typeof process !== "object" || process === null) throw malformed("it is no object");
  const args: unknown = "args" in process ? process.args : [];
  if (!isTexts(args)) throw malformed("its args are no list of texts");
  return { args, cwd: directoryOf("cwd" in process ? process.cwd : "/") };
}

function directoryOf(cwd: unknown): string {
  return typeof cwd === "string" && cwd.startsWith("/") ? cwd : "/";
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  } catch {
    throw malformed("it is no JSON");
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function tooLarge(bytes: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `read the process to run: it has "${String(bytes)}" bytes, "${String(PROCESS_BYTES_MAX)}" are allowed; ` +
      "give it fewer arguments and variables",
  );
}

function malformed(reason: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `read the process to run: ${reason}; send a process of the OCI specification`,
  );
}
