import { KwasmError } from "#base";
import { checkCompiled, type Language, missingToolchain, type SourceFolder } from "./language.ts";

/** WASI 0.1 under its name since Rust 1.78. */
const TARGET = "wasm32-wasip1";

const INSTALL_RUST = `apt-get install rustup && rustup default stable && rustup target add ${TARGET}`;
const INSTALL_TARGET = `rustup target add ${TARGET}`;

export const rust: Language = {
  name: "Rust",
  mark: "Cargo.toml",
  claims: (names) => names.includes("Cargo.toml"),
  async compile(folder) {
    await checkToolchain(folder);
    const format = "--message-format=json-render-diagnostics";
    const result = await folder.tools.run(["cargo", "build", "--release", "--target", TARGET, format], folder);
    checkCompiled(folder, "cargo build", result);
    return chooseModule(folder, result.stdout);
  },
};

/** Asks the compiler that cargo will use in this folder, for `rust-toolchain.toml` may choose another one there. */
async function checkToolchain(folder: SourceFolder): Promise<void> {
  const { tools } = folder;
  if (tools.findProgram("cargo") === undefined || tools.findProgram("rustc") === undefined) {
    throw missingToolchain(folder, "it is Rust, and there is no cargo with rustc", INSTALL_RUST);
  }
  const asked = await tools.run(["rustc", "--print", "target-libdir", "--target", TARGET], folder);
  if (asked.exitCode === 0 && tools.exists(asked.stdout.trim())) return;
  const install = tools.findProgram("rustup") === undefined ? INSTALL_RUST : INSTALL_TARGET;
  throw missingToolchain(folder, `it is Rust, and its standard library for ${TARGET} is not there`, install);
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
