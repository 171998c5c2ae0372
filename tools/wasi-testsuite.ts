/**
 * Runs the WASI 0.1 cases of WebAssembly/wasi-testsuite with our engine and prints what passed.
 *
 *   node tools/wasi-testsuite.ts FOLDER [NAME…]
 *
 * FOLDER is a checkout of the suite's branch `prod/testsuite-base`, which holds built tests; names choose single
 * cases. Each case is a module and, beside it, a specification (doc/specification.md of the suite) of arguments,
 * environment, a folder to grant as `/`, and the expected exit code and output.
 */
import { constants, cpSync, existsSync, globSync, mkdtempDisposableSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import {
  createLoader,
  DescriptorBudget,
  discardedOutput,
  type GuestEnd,
  type MountTree,
  openDirectoryGrant,
  type OutputStream,
  startGuest,
} from "#engine";

interface Specification {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly root: string | null;
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const defaults: Specification = { args: [], env: {}, root: null, exit_code: 0, stdout: "", stderr: "" };

const memoryBytesMax = 256 * 1_048_576;
const filesOpenMax = 1_024;
/** No case takes a second; one that hangs must not hang the others. */
const caseTimeoutMs = 20_000;

const loader = createLoader();

/** Runs one case in a copy of its folder and answers what is wrong, or `undefined` for nothing. */
async function runCase(wasm: string): Promise<string | undefined> {
  const wanted = readSpecification(wasm);
  using scratch = mkdtempDisposableSync(join(tmpdir(), "wasi-testsuite-"));
  const module = await loader.load(readFileSync(wasm), { memoryBytesMax });
  const [stdout, stderr] = [collectOutput(), collectOutput()];
  const budget = new DescriptorBudget(filesOpenMax);
  const guest = await startGuest(module, {
    args: [basename(wasm), ...wanted.args],
    env: Object.entries(wanted.env),
    stdout: stdout.stream,
    stderr: stderr.stream,
    preopens: wanted.root === null ? [] : [grantCopy(join(dirname(wasm), wanted.root), scratch.path, budget)],
    budget,
  });
  const timer = setTimeout(() => guest.kill(`it ran for ${caseTimeoutMs} ms`), caseTimeoutMs);
  const end = await guest.ended;
  clearTimeout(timer);
  return differences(wanted, end, { stdout: stdout.text(), stderr: stderr.text() });
}

function readSpecification(wasm: string): Specification {
  const path = wasm.replace(/\.wasm$/, ".json");
  if (!existsSync(path)) return defaults;
  const given = JSON.parse(readFileSync(path, "utf8")) as Partial<Specification>;
  return { ...defaults, ...given };
}

/** The cases write into their folder, and the checkout must stay as it is. */
function grantCopy(root: string, scratch: string, budget: DescriptorBudget): MountTree {
  cpSync(root, scratch, { recursive: true });
  const fd = openSync(scratch, constants.O_RDONLY | constants.O_DIRECTORY);
  return openDirectoryGrant({ guestPath: "/", fd, readOnly: false }, budget);
}

function collectOutput(): { readonly stream: OutputStream; text(): string } {
  const chunks: Uint8Array[] = [];
  return {
    stream: { ...discardedOutput, write: (bytes) => void chunks.push(bytes) },
    text: () => Buffer.concat(chunks).toString(),
  };
}

function differences(
  wanted: Specification,
  end: GuestEnd,
  said: { readonly stdout: string; readonly stderr: string },
): string | undefined {
  const problems: string[] = [];
  if (end.kind !== "exit") problems.push(`ended by ${end.kind}: ${"message" in end ? end.message : end.reason}`);
  else if (end.code !== wanted.exit_code) problems.push(`exit code ${end.code} instead of ${wanted.exit_code}`);
  // Most Rust cases print what they do and specify no output: an empty expectation asks for nothing.
  if (wanted.stdout !== "" && said.stdout !== wanted.stdout) problems.push(`stdout ${JSON.stringify(said.stdout)}`);
  return problems.length === 0 ? undefined : [...problems, said.stderr.trim()].join("\n    ");
}

async function main([folder, ...names]: readonly string[]): Promise<number> {
  if (folder === undefined) throw new Error("say where the suite is: tools/wasi-testsuite.ts FOLDER");
  const cases = globSync(join(folder, "tests/*/testsuite/wasm32-wasip1/*.wasm")).toSorted();
  const chosen = cases.filter((wasm) => names.length === 0 || names.includes(basename(wasm, ".wasm")));
  let passed = 0;
  for (const wasm of chosen) {
    const problem = await runCase(wasm);
    if (problem === undefined) passed += 1;
    const name = relative(join(folder, "tests"), wasm).replace("/testsuite/wasm32-wasip1", "");
    console.log(problem === undefined ? `ok   ${name}` : `FAIL ${name}\n    ${problem}`);
  }
  console.log(`${passed} of ${chosen.length} passed`);
  return passed === chosen.length && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
