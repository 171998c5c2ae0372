/**
 * Runs the WASI 0.1 and 0.3 cases of WebAssembly/wasi-testsuite with our engine and prints what passed.
 *
 *   node tools/wasi-testsuite.ts FOLDER [NAME…]
 *
 * FOLDER is a checkout of the suite's branch `prod/testsuite-base`, which holds built tests; names choose single
 * cases. Each case is a module or a component and, beside it, a specification (doc/specification.md of the suite) of
 * arguments, environment, a folder to grant as `/`, and the expected exit code and output, or of steps that say the same.
 * Cases of 0.3 whose steps are about sockets or HTTP are named and left out.
 */
import { constants, cpSync, existsSync, globSync, mkdtempDisposableSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import {
  compileComponent,
  createLoader,
  DescriptorBudget,
  discardedOutput,
  type Guest,
  type GuestConfig,
  type GuestEnd,
  inputFromBytes,
  isComponent,
  type MountTree,
  openDirectoryGrant,
  type OutputStream,
  startComponent,
  startGuest,
} from "#engine";

interface Specification {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly root: string | null;
  readonly exit_code: number;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

const defaults: Specification = { args: [], env: {}, root: null, exit_code: 0, stdin: "", stdout: "", stderr: "" };

/** One step of a specification that has steps. */
interface Step {
  readonly type: string;
  readonly id?: string;
  readonly payload?: string;
}

/** Steps that a case of one process and its streams consists of. */
const stepsKnown = new Set(["run", "read", "write", "wait"]);

const memoryBytesMax = 256 * 1_048_576;
const filesOpenMax = 1_024;
/** No case takes a second; one that hangs must not hang the others. */
const caseTimeoutMs = 20_000;

const loader = createLoader();

/** Runs one case in a copy of its folder and answers what is wrong, or `undefined` for nothing. */
async function runCase(wasm: string, wanted: Specification): Promise<string | undefined> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "wasi-testsuite-"));
  const [stdout, stderr] = [collectOutput(), collectOutput()];
  const budget = new DescriptorBudget(filesOpenMax);
  const guest = await start(readFileSync(wasm), {
    args: [basename(wasm), ...wanted.args],
    env: Object.entries(wanted.env),
    stdin: inputFromBytes(Buffer.from(wanted.stdin)),
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

async function start(bytes: Uint8Array<ArrayBuffer>, config: GuestConfig): Promise<Guest> {
  if (!isComponent(bytes)) return startGuest(await loader.load(bytes, { memoryBytesMax }), config);
  return startComponent(await compileComponent(bytes, { memoryBytesMax }, loader), { ...config, memoryBytesMax });
}

/** What a case asks for; the name of a step or a proposal that it needs and this runner has not. */
function readSpecification(wasm: string): Specification | string {
  const path = wasm.replace(/\.wasm$/, ".json");
  if (!existsSync(path)) return defaults;
  const { operations, proposals, ...given } = JSON.parse(readFileSync(path, "utf8")) as Partial<Specification> & {
    operations?: readonly Step[];
    proposals?: readonly string[];
  };
  const unknown =
    proposals?.find((name) => name !== "http") ?? operations?.find(({ type }) => !stepsKnown.has(type))?.type;
  if (unknown !== undefined) return unknown;
  return { ...defaults, ...given, ...specificationOf(operations ?? []) };
}

/** What the steps say, without their order: what is written first is there when the guest asks for it. */
function specificationOf(steps: readonly Step[]): Partial<Specification> {
  return Object.assign(
    {},
    ...steps.map((step) => {
      const { type, id = "stdout", payload = "", ...rest } = step;
      if (type === "write") return { stdin: payload };
      return type === "read" ? { [id]: payload } : rest;
    }),
  ) as Partial<Specification>;
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
  const cases = globSync(join(folder, "tests/*/testsuite/wasm32-wasip[13]/*.wasm")).toSorted();
  const chosen = cases.filter((wasm) => names.length === 0 || names.includes(basename(wasm, ".wasm")));
  let passed = 0;
  let leftOut = 0;
  for (const wasm of chosen) {
    const name = relative(join(folder, "tests"), wasm).replace("/testsuite/wasm32-", " ");
    const wanted = readSpecification(wasm);
    const problem = typeof wanted === "string" ? wanted : await runCase(wasm, wanted).catch(String);
    if (typeof wanted === "string") leftOut += 1;
    else if (problem === undefined) passed += 1;
    console.log(typeof wanted === "string" ? `none ${name}: it needs "${wanted}"` : sayResult(name, problem));
  }
  console.log(`${passed} of ${chosen.length - leftOut} passed, ${leftOut} left out`);
  return passed === chosen.length - leftOut && passed > 0 ? 0 : 1;
}

function sayResult(name: string, problem: string | undefined): string {
  return problem === undefined ? `ok   ${name}` : `FAIL ${name}\n    ${problem}`;
}

process.exitCode = await main(process.argv.slice(2));
