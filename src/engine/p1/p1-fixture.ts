import wabt from "wabt";
import type { GuestHost } from "../guest/host-contract.ts";
import { DescriptorBudget } from "../host/index.ts";
import { createP1Host, type P1Config, p1ModuleName } from "./p1-host.ts";

/** Parameters of all functions, from the witx: `i` for i32 and `I` for i64. All but `proc_exit` answer an errno. */
export const p1Signatures = {
  args_get: "ii",
  args_sizes_get: "ii",
  environ_get: "ii",
  environ_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_datasync: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_pread: "iiiIi",
  fd_prestat_get: "ii",
  fd_prestat_dir_name: "iii",
  fd_pwrite: "iiiIi",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_sync: "i",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  poll_oneoff: "iiii",
  proc_exit: "i",
  proc_raise: "i",
  sched_yield: "",
  random_get: "ii",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
} as const;

export type P1Name = keyof typeof p1Signatures;

const assembler = await wabt();

/** Assembles a module written as text. */
function assemble(text: string): WebAssembly.Module {
  const parsed = assembler.parseWat("test.wat", text);
  try {
    return new WebAssembly.Module(Uint8Array.from(parsed.toBinary({}).buffer));
  } finally {
    parsed.destroy();
  }
}

/** A guest that does nothing but make the calls it is told to, so that they come from a real stack of Wasm. */
const forwarder = assemble(`(module
  ${Object.entries(p1Signatures).map(importText).join("\n  ")}
  (memory (export "memory") 1 4)
  ${Object.entries(p1Signatures).map(exportText).join("\n  ")})`);

function importText([name, parameters]: readonly [string, string]): string {
  return `(import "${p1ModuleName}" "${name}" (func $${name} ${typeText(name, parameters)}))`;
}

function exportText([name, parameters]: readonly [string, string]): string {
  const values = Array.from(parameters)
    .map((_, index) => `local.get ${index}`)
    .join(" ");
  return `(func (export "${name}") ${typeText(name, parameters)} ${values} call $${name})`;
}

function typeText(name: string, parameters: string): string {
  const types = Array.from(parameters)
    .map((letter) => (letter === "I" ? "i64" : "i32"))
    .join(" ");
  return `(param ${types}) ${name === "proc_exit" ? "" : "(result i32)"}`;
}

/** Where a caller puts what it passes to a call; results go to 0. */
const passAt = 1_024;

/** A guest under test: its host, its memory, and a way to make single calls. */
export class P1Caller implements Disposable {
  readonly host: GuestHost;
  readonly budget: DescriptorBudget;
  readonly memory: WebAssembly.Memory;
  readonly #exports: WebAssembly.Exports;

  constructor(config: Partial<P1Config> = {}) {
    this.budget = config.budget ?? new DescriptorBudget(64);
    this.host = createP1Host({
      onExit: (code) => new Error(`exited with code ${code}`),
      ...config,
      budget: this.budget,
    });
    this.#exports = new WebAssembly.Instance(forwarder, { [p1ModuleName]: { ...this.host.imports } }).exports;
    const { memory } = this.#exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("the forwarder exports no memory");
    this.memory = memory;
    this.host.bind(memory);
  }

  /** Makes a call and answers its errno. */
  async call(name: P1Name, ...values: (number | bigint)[]): Promise<number> {
    const forward = this.#exports[name];
    if (typeof forward !== "function") throw new Error(`the forwarder has no '${name}'`);
    return Number(await WebAssembly.promising(forward)(...values));
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, length).slice();
  }

  text(pointer: number, length: number): string {
    return Buffer.from(this.bytes(pointer, length)).toString();
  }

  put(pointer: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, pointer);
  }

  /** Reads once and answers the bytes, or the errno. */
  async read(fd: number, bytesMax = 4_096): Promise<string | number> {
    this.#putBuffer(passAt + 8, bytesMax);
    const errno = await this.call("fd_read", fd, passAt, 1, 0);
    return errno === 0 ? this.text(passAt + 8, this.view.getUint32(0, true)) : errno;
  }

  /** Writes once and answers the count, or the errno negated. */
  async write(fd: number, text: string): Promise<number> {
    const bytes = Buffer.from(text);
    this.#putBuffer(passAt + 8, bytes.length);
    this.put(passAt + 8, bytes);
    const errno = await this.call("fd_write", fd, passAt, 1, 0);
    return errno === 0 ? this.view.getUint32(0, true) : -errno;
  }

  /** Opens `path` and answers the descriptor, or the errno negated. */
  async open(
    fd: number,
    path: string,
    options: { oflags?: number; rights?: bigint; fdflags?: number },
  ): Promise<number> {
    const bytes = Buffer.from(path);
    this.put(passAt, bytes);
    const { oflags = 0, rights = 0n, fdflags = 0 } = options;
    const errno = await this.call("path_open", fd, 0, passAt, bytes.length, oflags, rights, 0n, fdflags, 0);
    return errno === 0 ? this.view.getUint32(0, true) : -errno;
  }

  #putBuffer(pointer: number, length: number): void {
    this.view.setUint32(passAt, pointer, true);
    this.view.setUint32(passAt + 4, length, true);
  }

  [Symbol.dispose](): void {
    this.host.close();
  }
}
