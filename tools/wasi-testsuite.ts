/**
 * Runs the WASI 0.1 and 0.3 cases of WebAssembly/wasi-testsuite with our engine and prints what passed.
 *
 *   node tools/wasi-testsuite.ts FOLDER [NAME…]
 *
 * FOLDER is a checkout of the suite's branch `prod/testsuite-base`, which holds built tests; names choose single
 * cases. Each case is a module or a component and, beside it, a specification (doc/specification.md of the suite) of
 * arguments, environment, a folder to grant as `/`, and the expected exit code and output, or of steps that say the same.
 * Cases whose steps are of another kind than we know are named and left out.
 */
import { constants, cpSync, globSync, mkdtempDisposableSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import {
  compileComponent,
  createLoader,
  DescriptorBudget,
  discardedOutput,
  type GuestConfig,
  type GuestEnd,
  type GuestNetwork,
  httpServiceDefaults,
  inputFromBytes,
  isComponent,
  listenerFromFd,
  type MountTree,
  openDirectoryGrant,
  type OutputStream,
  serveComponent,
  startComponent,
  startGuest,
} from "#engine";
import { openNetworkHere } from "../src/node/cell/network-guest.ts";
import { openListener } from "../src/node/syscall/listener.ts";
import { EndpointServers } from "./wasi-testsuite/endpoint-servers.ts";
import { readSpecification, type Specification } from "./wasi-testsuite/specification.ts";
import { takeSteps } from "./wasi-testsuite/take-steps.ts";

const memoryBytesMax = 256 * 1_048_576;
const filesOpenMax = 1_024;
/** No case takes a second; one that hangs must not hang the others. */
const caseTimeoutMs = 20_000;

/** By which a case that is served is ended once its steps are done. */
const served = "its steps are done";

const loader = createLoader();

/** Runs one case in a copy of its folder and answers what is wrong, or `undefined` for nothing. */
async function runCase(wasm: string, wanted: Specification): Promise<string | undefined> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "wasi-testsuite-"));
  await using servers = await EndpointServers.start(wanted.servers);
  const [stdout, stderr] = [collectOutput(), collectOutput()];
  const budget = new DescriptorBudget(filesOpenMax);
  const network = openNetworkHere({ outbound: ["*"], binds: ["*:*"] }, { budget });
  const bound = wanted.world === "wasi:http/service" ? openListener({ address: "127.0.0.1", port: 0 }) : undefined;
  const guest = await start(readFileSync(wasm), {
    args: [basename(wasm), ...wanted.args],
    env: Object.entries({ ...wanted.env, ...servers.env }),
    stdin: inputFromBytes(Buffer.from(wanted.stdin)),
    stdout: stdout.stream,
    stderr: stderr.stream,
    preopens: wanted.root === null ? [] : [grantCopy(join(dirname(wasm), wanted.root), scratch.path, budget)],
    listeners: bound === undefined ? [] : [listenerFromFd(bound.fd)],
    network,
    budget,
  });
  const timer = setTimeout(() => guest.kill(`it ran for ${caseTimeoutMs} ms`), caseTimeoutMs);
  const firstLine = () => Promise.race([stdout.line(), guest.ended.then(() => "")]);
  const problems = await takeSteps(wanted.steps, { firstLine, port: bound?.port, end: () => guest.kill(served) });
  const end = await guest.ended;
  clearTimeout(timer);
  return differences(wanted, { end, problems }, { stdout: stdout.text(), stderr: stderr.text() });
}

async function start(bytes: Uint8Array<ArrayBuffer>, config: GuestConfig & { readonly network: GuestNetwork }) {
  if (!isComponent(bytes)) return startGuest(await loader.load(bytes, { memoryBytesMax }), config);
  const plan = await compileComponent(bytes, { memoryBytesMax }, loader);
  const isServed = (config.listeners ?? []).length > 0;
  const given = { ...config, memoryBytesMax };
  return isServed ? serveComponent(plan, { ...given, http: httpServiceDefaults }) : startComponent(plan, given);
}

/** The cases write into their folder, and the checkout must stay as it is. */
function grantCopy(root: string, scratch: string, budget: DescriptorBudget): MountTree {
  cpSync(root, scratch, { recursive: true });
  const fd = openSync(scratch, constants.O_RDONLY | constants.O_DIRECTORY);
  return openDirectoryGrant({ guestPath: "/", fd, readOnly: false }, budget);
}

function collectOutput(): { readonly stream: OutputStream; text(): string; line(): Promise<string> } {
  const chunks: Uint8Array[] = [];
  const firstLine = Promise.withResolvers<string>();
  const text = (): string => Buffer.concat(chunks).toString();
  const write = (bytes: Uint8Array): void => {
    chunks.push(bytes);
    const [line = "", ...more] = text().split("\n");
    if (more.length > 0) firstLine.resolve(line);
  };
  return { stream: { ...discardedOutput, write }, text, line: () => firstLine.promise };
}

function differences(
  wanted: Specification,
  { end, problems: found }: { readonly end: GuestEnd; readonly problems: readonly string[] },
  said: { readonly stdout: string; readonly stderr: string },
): string | undefined {
  const problems = [...found];
  const hasServed = end.kind === "killed" && end.reason === served;
  if (end.kind === "exit" && end.code !== wanted.exit_code) {
    problems.push(`exit code ${end.code} instead of ${wanted.exit_code}`);
  } else if (end.kind !== "exit" && !hasServed) {
    problems.push(`ended by ${end.kind}: ${"message" in end ? end.message : end.reason}`);
  }
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
