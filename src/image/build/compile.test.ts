import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compileFolder } from "./compile.ts";
import type { ToolHost, ToolResult } from "./tool-host.ts";

/** A machine as a test imagines it. */
interface Machine {
  readonly programs?: readonly string[];
  readonly paths?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What commands print, by the beginning of the command's words; others print nothing and succeed. */
  readonly prints?: Readonly<Record<string, string>>;
  /** Beginning of commands that fail. */
  readonly failing?: string;
}

interface Compiled {
  /** Every command that was run, as one line. */
  readonly commands: readonly string[];
  readonly output: string;
}

async function compileOn(machine: Machine, names: readonly string[]): Promise<Compiled> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-compile-"));
  const source = join(directory.path, "source");
  mkdirSync(source);
  for (const name of names) writeFileSync(join(source, name), "");
  const commands: string[] = [];
  const tools: ToolHost = {
    env: machine.env ?? {},
    findProgram: (name) => (machine.programs?.includes(name) === true ? `/usr/bin/${name}` : undefined),
    exists: (path) => machine.paths?.includes(path) === true,
    run: (command): Promise<ToolResult> => {
      const line = command.join(" ");
      commands.push(line);
      const key = Object.keys(machine.prints ?? {}).find((start) => line.startsWith(start));
      const fails = machine.failing !== undefined && line.startsWith(machine.failing);
      const stdout = key === undefined ? "" : (machine.prints?.[key] ?? "");
      return Promise.resolve({ exitCode: fails ? 1 : 0, stdout, stderr: fails ? "it broke" : "" });
    },
  };
  const output = await compileFolder(source, { tools, scratch: "/scratch" });
  return { commands, output };
}

function checkCommand(title: string, machine: Machine, names: readonly string[], expected: RegExp): void {
  test(title, async () => {
    const { commands } = await compileOn(machine, names);
    assert.match(commands.at(-1) ?? "", expected);
  });
}

const wholeClang: Machine = {
  programs: ["clang-19", "clang"],
  paths: ["/usr/lib/wasm32-wasi/libc.a", "/llvm/wasm-ld", "/llvm/builtins.a"],
  prints: {
    "clang-19 -print-prog-name": "/llvm/wasm-ld\n",
    "clang-19 --target=wasm32-wasi --rtlib": "/llvm/builtins.a\n",
  },
};
const wasiSdk: Machine = { env: { WASI_SDK_PATH: "/opt/wasi-sdk" }, paths: ["/opt/wasi-sdk/bin/clang"] };
const goPrints = { "go env GOVERSION": "go1.26.8\n" };
const artifact = `{"reason":"compiler-artifact","filenames":["/t/a.wasm"]}\n{"reason":"build-finished"}\nnoise`;
const rustup: Machine = {
  programs: ["cargo", "rustc", "rustup"],
  paths: ["/lib/wasi"],
  prints: { "rustc --print target-libdir": "/lib/wasi\n", "cargo build": artifact },
};

checkCommand(
  "C by the clang that is whole, sources sorted",
  wholeClang,
  ["b.c", "a.c", "a.h"],
  /^clang-19 --target=wasm32-wasi .* -o \/scratch\/app\.wasm \.\/a\.c \.\/b\.c$/,
);
checkCommand(
  "C by the wasi-sdk that the user points to",
  { ...wholeClang, ...wasiSdk },
  ["a.c"],
  /^\/opt\/wasi-sdk\/bin\/clang --target=wasm32-wasip1/,
);
checkCommand(
  "C by zig where no clang is whole",
  { programs: ["clang-19", "zig"] },
  ["a.c"],
  /^zig cc -target wasm32-wasi/,
);
checkCommand(
  "Go without names, paths and commit",
  { programs: ["go"], prints: goPrints },
  ["go.mod", "x.c"],
  /^go build -trimpath .* -o \/scratch\/app\.wasm \.$/,
);
checkCommand(
  "Rust for wasm32-wasip1",
  rustup,
  ["Cargo.toml", "go.mod"],
  /^cargo build --release --target wasm32-wasip1/,
);

test("the module of a Rust project is the one that cargo names", async () => {
  assert.equal((await compileOn(rustup, ["Cargo.toml"])).output, "/t/a.wasm");
});

function checkRefused(title: string, machine: Machine, names: readonly string[], expected: object): void {
  test(`refused: ${title}`, async () => {
    await assert.rejects(compileOn(machine, names), { name: "KwasmError", ...expected });
  });
}

const noClang = "apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32";
checkRefused("C and no compiler", {}, ["a.c"], { code: "failed-precondition", message: new RegExp(`${noClang}$`) });
checkRefused("C and a clang without its library", { programs: ["clang-17"] }, ["a.c"], {
  code: "failed-precondition",
  message: /apt-get install clang-17 lld-17 wasi-libc libclang-rt-17-dev-wasm32$/,
});
checkRefused(
  "C and a clang without its builtins",
  { ...wholeClang, paths: ["/usr/lib/wasm32-wasi/libc.a", "/llvm/wasm-ld"] },
  ["a.c"],
  { code: "failed-precondition" },
);
checkRefused("Go and no go", {}, ["go.mod"], { code: "failed-precondition", message: /apt-get install golang-go/ });
checkRefused("an old go", { programs: ["go"], prints: { "go env": "go1.20.14" } }, ["go.mod"], {
  code: "failed-precondition",
  message: /"go1\.20\.14"/,
});
checkRefused("Rust and no cargo", {}, ["Cargo.toml"], {
  code: "failed-precondition",
  message: /apt-get install rustup/,
});
checkRefused("Rust without the target", { ...rustup, paths: [] }, ["Cargo.toml"], {
  code: "failed-precondition",
  message: /: rustup target add wasm32-wasip1$/,
});
checkRefused("a rustc that does not know the target", { ...rustup, failing: "rustc" }, ["Cargo.toml"], {
  code: "failed-precondition",
});
checkRefused("a Rust library", { ...rustup, prints: { "rustc --print": "/lib/wasi" } }, ["Cargo.toml"], {
  code: "invalid-argument",
  message: /0 modules/,
});
checkRefused("a compilation that fails", { ...rustup, failing: "cargo" }, ["Cargo.toml"], {
  code: "invalid-argument",
  message: /exit code 1:\nit broke$/,
});
checkRefused("a folder of nothing", {}, ["README"], {
  code: "invalid-argument",
  message: /Cargo\.toml \(Rust\), go\.mod \(Go\), \*\.c \(C\)/,
});
