import { join } from "node:path";
import { KwasmError } from "#base";
import { checkCompiled, type Language, missingToolchain, type SourceFolder } from "./language.ts";

/** WASI 0.1 under its name since Rust 1.78, and WASI 0.2, for which rustc makes components. */
const targets = ["wasm32-wasip1", "wasm32-wasip2"] as const;
type Target = (typeof targets)[number];

const INSTALL_RUST = "apt-get install rustup && rustup default stable";

/** Where a project says what it is built for; the Cargo book, "Configuration". */
const CONFIGURATION = ".cargo/config.toml";

export const rust: Language = {
  name: "Rust",
  mark: "Cargo.toml",
  claims: (names) => names.includes("Cargo.toml"),
  async compile(folder) {
    const target = chooseTarget(folder);
    await checkToolchain(folder, target);
    const format = "--message-format=json-render-diagnostics";
    const result = await folder.tools.run(["cargo", "build", "--release", "--target", target, format], folder);
    checkCompiled(folder, "cargo build", result);
    return chooseModule(folder, result.stdout);
  },
};

/** A project is a component's where its own configuration says so, and then for cargo alone too. */
function chooseTarget({ directory, tools }: SourceFolder): Target {
  const text = tools.readText(join(directory, CONFIGURATION)) ?? "";
  const named = /^\s*target\s*=\s*"(?<name>[^"]+)"/m.exec(text)?.groups?.["name"];
  return targets.find((target) => target === named) ?? targets[0];
}

/** Asks the compiler that cargo will use in this folder, for `rust-toolchain.toml` may choose another one there. */
async function checkToolchain(folder: SourceFolder, target: Target): Promise<void> {
  const [installTarget, installRust] = [
    `rustup target add ${target}`,
    `${INSTALL_RUST} && rustup target add ${target}`,
  ];
  const { tools } = folder;
  if (tools.findProgram("cargo") === undefined || tools.findProgram("rustc") === undefined) {
    throw missingToolchain(folder, "it is Rust, and there is no cargo with rustc", installRust);
  }
  const asked = await tools.run(["rustc", "--print", "target-libdir", "--target", target], folder);
  if (asked.exitCode === 0 && tools.exists(asked.stdout.trim())) return;
  const install = tools.findProgram("rustup") === undefined ? installRust : installTarget;
  throw missingToolchain(folder, `it is Rust, and its standard library for ${target} is not there`, install);
}

/** Cargo says what it wrote, one JSON object a line (the Cargo book, "External tools"). */
function chooseModule(folder: SourceFolder, stdout: string): string {
  const modules = [...new Set(stdout.split("\n").flatMap(modulesOf))];
  const [only] = modules;
  if (only !== undefined && modules.length === 1) return only;
  const written = modules.map((path) => `"${path}"`).join(", ") || "none";
  throw new KwasmError(
    "invalid-argument",
    `building "${folder.directory}": cargo wrote ${modules.length} modules where one is needed: ${written}; ` +
      "build the folder of one binary, or give the module's file itself",
  );
}

function modulesOf(line: string): readonly string[] {
  const message = parseLine(line);
  if (typeof message !== "object" || message === null) return [];
  if (!("reason" in message && message.reason === "compiler-artifact" && "filenames" in message)) return [];
  const names: readonly unknown[] = Array.isArray(message.filenames) ? message.filenames : [];
  return names.filter((name) => typeof name === "string").filter((name) => name.endsWith(".wasm"));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Empty, or the rest of a line whose start was dropped with older output: no message of cargo's.
    return undefined;
  }
}
