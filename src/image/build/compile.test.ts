import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { compileFolder } from "./compile.ts";
import { systemToolHost, type ToolHost, type ToolResult } from "./tool-host.ts";

/** A machine as a test imagines it. */
interface Machine {
  readonly programs?: readonly string[];
  readonly paths?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What commands print, by the beginning of the command's words; others print nothing and succeed. */
  readonly prints?: Readonly<Record<string, string>>;
  /** Whether the compiler may write beside the source; what it writes is thrown away. */
  readonly scratch?: boolean;
  /** Beginning of commands that fail. */
  readonly failing?: string;
}

interface Compiled {
  /** Every command that was run, as one line. */
  readonly commands: readonly string[];
  readonly output: string;
}

/** Names of empty files, or files with their texts. */
type Files = readonly string[] | Readonly<Record<string, string>>;

function textsOf(files: Files): readonly (readonly [name: string, text: string])[] {
  return Array.isArray(files) ? files.map((name: string) => [name, ""]) : Object.entries(files);
}

async function compileOn(machine: Machine, files: Files): Promise<Compiled> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-compile-"));
  const source = join(directory.path, "source");
  for (const [name, text] of textsOf(files)) {
    mkdirSync(dirname(join(source, name)), { recursive: true });
    writeFileSync(join(source, name), text);
  }
  const commands: string[] = [];
  const tools: ToolHost = {
    env: machine.env ?? {},
    findProgram: (name) => (machine.programs?.includes(name) === true ? `/usr/bin/${name}` : undefined),
    exists: (path) => machine.paths?.includes(path.replace(source, "SOURCE")) === true,
    readText: (path) => systemToolHost.readText(path),
    run: (command): Promise<ToolResult> => {
      const line = command.join(" ").replaceAll(source, "SOURCE").replaceAll(directory.path, "SCRATCH");
      commands.push(line);
      const key = Object.keys(machine.prints ?? {}).find((start) => line.startsWith(start));
      const fails = machine.failing !== undefined && line.startsWith(machine.failing);
      const stdout = key === undefined ? "" : (machine.prints?.[key] ?? "");
      return Promise.resolve({ exitCode: fails ? 1 : 0, stdout, stderr: fails ? "it broke" : "" });
    },
  };
  const output = await compileFolder(source, {
    tools,
    scratch: machine.scratch === true ? directory.path : "/scratch",
  });
  return { commands, output };
}

function checkCommand(title: string, machine: Machine, files: Files, expected: RegExp): void {
  test(title, async () => {
    const { commands } = await compileOn(machine, files);
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

checkCommand(
  "Rust for wasm32-wasip2 where its configuration says so",
  rustup,
  { "Cargo.toml": "", ".cargo/config.toml": '[build]\ntarget = "wasm32-wasip2"\n' },
  /^cargo build --release --target wasm32-wasip2/,
);

const world = "package a:b;\n\nworld hello {\n}\n";
const worldTool: Machine = { ...wholeClang, programs: ["clang-19", "wasm-tools"] };
checkCommand(
  "C of a world, which is written into its module",
  worldTool,
  { "a.c": "", "wit/a.wit": world },
  /wasm-tools component embed wit --world hello \/scratch\/app\.wasm\.plain --output \/scratch\/app\.wasm$/,
);
test("what has a world has no main", async () => {
  const { commands } = await compileOn(worldTool, { "a.c": "", "wit/a.wit": world });
  assert.match(commands.at(-2) ?? "", /^clang-19 .* -mexec-model=reactor -o \/scratch\/app\.wasm\.plain \.\/a\.c$/);
  const go: Machine = { programs: ["go"], prints: goPrints, paths: ["SOURCE/.venv/bin/wasm-tools"] };
  const compiled = await compileOn(go, { "go.mod": "", "wit/a.wit": world });
  assert.match(compiled.commands.at(-2) ?? "", /^go build .* -buildmode=c-shared -o \/scratch\/app\.wasm\.plain \.$/);
  assert.match(compiled.commands.at(-1) ?? "", /^SOURCE\/\.venv\/bin\/wasm-tools component embed /);
  assert.equal(compiled.output, "/scratch/app.wasm");
});
const ownTool = "SOURCE/node_modules/.bin/componentize-js";
checkCommand(
  "JavaScript by the project's own StarlingMonkey, without the HTTP that it does not ask for",
  { paths: [ownTool, "SOURCE/node_modules/.bin/componentize-qjs"] },
  { "package.json": '{"main":"a.js"}', "wit/a.wit": world },
  /^SOURCE\/node_modules\/\.bin\/componentize-js a\.js --wit wit --world-name hello --disable http --disable fetch-event --out \/scratch\/app\.wasm$/,
);
checkCommand(
  "JavaScript that answers HTTP",
  { programs: ["componentize-js"] },
  { "package.json": "{}", "wit/a.wit": world.replace("}", "  export wasi:http/incoming-handler@0.2.10;\n}") },
  /componentize-js index\.js --wit wit --world-name hello --out/,
);
checkCommand(
  "JavaScript by QuickJS where the project names it",
  { programs: ["componentize-js"], paths: ["SOURCE/node_modules/.bin/componentize-qjs"] },
  { "package.json": '{"devDependencies":{"componentize-qjs":"1"}}', "wit/a.wit": world },
  /^SOURCE\/node_modules\/\.bin\/componentize-qjs --wit wit --world hello --js index\.js --output \/scratch\/app\.wasm$/,
);
checkCommand(
  "TypeScript without its types",
  { programs: ["componentize-qjs"], scratch: true },
  { "package.json": '{"main":"src/a.ts"}', "src/a.ts": "export const a: number = 1;", "wit/a.wit": world },
  /componentize-qjs --wit wit --world hello --js SCRATCH\/a\.js /,
);
checkCommand(
  "Python by componentize-py",
  { paths: ["SOURCE/.venv/bin/componentize-py"] },
  { "app.py": "", "wit/a.wit": world },
  /^SOURCE\/\.venv\/bin\/componentize-py --wit-path wit --world hello componentize app --output \/scratch\/app\.wasm$/,
);
checkCommand(
  "AssemblyScript by its configuration",
  { programs: ["asc"] },
  ["asconfig.json", "package.json"],
  /asc --config asconfig\.json --target release --outFile \/scratch\/app\.wasm$/,
);

test("the module of a Rust project is the one that cargo names", async () => {
  assert.equal((await compileOn(rustup, ["Cargo.toml"])).output, "/t/a.wasm");
});

function checkRefused(title: string, machine: Machine, files: Files, expected: object): void {
  test(`refused: ${title}`, async () => {
    await assert.rejects(compileOn(machine, files), { name: "KwasmError", ...expected });
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
checkRefused(
  "a Go that cannot export functions",
  { programs: ["go"], prints: { "go env": "go1.23.4" } },
  { "go.mod": "", "wit/a.wit": world },
  { code: "failed-precondition", message: /needs Go 1\.24 or newer/ },
);
checkRefused(
  "a world and no wasm-tools",
  wholeClang,
  { "a.c": "", "wit/a.wit": world },
  {
    code: "failed-precondition",
    message: /: cargo install --locked wasm-tools$/,
  },
);
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
const qjs: Machine = { programs: ["componentize-qjs"], scratch: true };
checkRefused(
  "JavaScript and no componentizer",
  {},
  { "package.json": "{}", "wit/a.wit": world },
  {
    code: "failed-precondition",
    message: /npm install --save-dev @bytecodealliance\/componentize-js$/,
  },
);
checkRefused(
  "Python and no componentizer",
  {},
  { "app.py": "", "wit/a.wit": world },
  {
    code: "failed-precondition",
    message: /pip install componentize-py$/,
  },
);
checkRefused("AssemblyScript and no compiler", {}, ["asconfig.json"], { code: "failed-precondition" });
checkRefused(
  "two worlds",
  qjs,
  { "package.json": "{}", "wit/a.wit": `${world}\nworld other {\n}\n` },
  {
    code: "invalid-argument",
    message: /the worlds "hello", "other"; define one$/,
  },
);
checkRefused(
  "a project that is described by no JSON",
  qjs,
  { "package.json": "{", "wit/a.wit": world },
  {
    code: "invalid-argument",
    message: /is no JSON$/,
  },
);
checkRefused(
  "TypeScript that is more than types",
  qjs,
  { "package.json": '{"main":"a.ts"}', "a.ts": "enum A { B }", "wit/a.wit": world },
  {
    code: "invalid-argument",
    message: /types cannot be taken out/,
  },
);
checkRefused("a folder of nothing", {}, ["README"], {
  code: "invalid-argument",
  message: /Cargo\.toml \(Rust\), go\.mod \(Go\), asconfig\.json .*, app\.py with wit\/ \(Python\), \*\.c \(C\)/,
});
