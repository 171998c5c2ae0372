import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { KwasmError } from "#base";

import { type ProcessFigures, readProcesses } from "../../e2e/containerd/process-figures.ts";
import { descendantsOf } from "../measure/process-tree.ts";

const execute = promisify(execFile);

/** What has not come about after so long will not, where nothing else is said. */
const WAIT_SECONDS_MAX = 240;

export interface KubeObject {
  readonly metadata: { readonly name: string };
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A running cluster, reached by kubectl with the KUBECONFIG of the environment, and its one node, which is on this machine. */
export class Cluster implements AsyncDisposable {
  readonly #proxy: ChildProcess;
  readonly #url: string;
  readonly #nodePid: number;
  readonly #waitSecondsMax: number;

  /** `nodePid` is process 1 of the node, by the number that it has on this machine. */
  static async open(nodePid: number, waitSecondsMax = WAIT_SECONDS_MAX): Promise<Cluster> {
    const proxy = spawn("kubectl", ["proxy", "--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: proxy.stdout })) {
      const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (address !== undefined) return new Cluster(proxy, `http://${address}`, nodePid, waitSecondsMax);
    }
    throw new KwasmError("unavailable", "starting `kubectl proxy`: it ended; is KUBECONFIG set?");
  }

  private constructor(proxy: ChildProcess, url: string, nodePid: number, waitSecondsMax: number) {
    this.#proxy = proxy;
    this.#url = url;
    this.#nodePid = nodePid;
    this.#waitSecondsMax = waitSecondsMax;
  }

  /** Runs kubectl and returns what it printed; throws with what it complained of. */
  async kubectl(...words: readonly string[]): Promise<string> {
    const { stdout } = await execute("kubectl", [...words], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }

  /** What kubectl said on its two outputs, whether it succeeded or not. */
  async tryKubectl(...words: readonly string[]): Promise<{ readonly isDone: boolean; readonly said: string }> {
    const child = spawn("kubectl", [...words], { stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(child, "exit");
    const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await exited;
    return { isDone: child.exitCode === 0, said: `${out}${complaint}`.trim() };
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const child = spawn("kubectl", ["apply", "-f", "-"], { stdio: ["pipe", "ignore", "inherit"] });
    const exited = once(child, "exit");
    child.stdin.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await exited;
    if (child.exitCode !== 0) throw new KwasmError("internal", "applying objects: kubectl refused, see above");
  }

  /** The JSON at a path of the API server. */
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, signal === undefined ? {} : { signal });
    if (response.ok) return response.json();
    throw new KwasmError("internal", `reading "${path}": ${String(response.status)} ${await response.text()}`);
  }

  async getText(path: string, signal?: AbortSignal): Promise<string> {
    const response = await fetch(`${this.#url}${path}`, signal === undefined ? {} : { signal });
    const answer = await response.text();
    if (response.ok) return answer;
    throw new KwasmError("internal", `reading "${path}": ${String(response.status)} ${answer}`);
  }

  /** Resolves with the object when `isThere` says so; each change is looked at as it comes. */
  async waitFor(
    { path, name }: { readonly path: string; readonly name: string },
    isThere: (object: KubeObject) => boolean,
  ): Promise<KubeObject> {
    const signal = AbortSignal.timeout(this.#waitSecondsMax * 1000);
    const query = `watch=1&fieldSelector=metadata.name=${name}`;
    const response = await fetch(`${this.#url}${path}?${query}`, { signal });
    if (response.body === null) throw new KwasmError("internal", `watching "${path}": the answer is empty`);
    let rest = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${piece}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // The API server sends an event with an object of the kind that was asked for on each line.
        const { object } = JSON.parse(line) as { readonly object: KubeObject };
        if (isThere(object)) return object;
      }
    }
    throw new KwasmError("deadline-exceeded", `waiting for "${name}": the API server ended the watch`);
  }

  /** Runs a command on the node. */
  async onNode(...command: readonly string[]): Promise<string> {
    const { stdout } = await execute("nsenter", ["--target", String(this.#nodePid), "--all", "--", ...command]);
    return stdout;
  }

  /** Imports the images of an OCI image layout into the node's containerd. */
  async importLayout(directory: string): Promise<void> {
    const import_ = "ctr --namespace k8s.io images import";
    const script = `tar -C '${directory}' -c . | nsenter --target ${String(this.#nodePid)} --all -- sh -c '
      case $(containerd --version) in *" v2."* | *" 2."*) ${import_} --local - ;; *) ${import_} - ;; esac'`;
    await execute("sh", ["-c", script]);
  }

  /** All processes of the node. */
  readProcesses(): readonly ProcessFigures[] {
    return readProcesses(descendantsOf(this.#nodePid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#proxy, "exit");
    this.#proxy.kill();
    await exited;
  }
}
