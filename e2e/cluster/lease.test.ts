import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

import { nodeCommand } from "#base";
import { type KubeClient, numberAt, resourceTypes, textAt } from "#kube";

import { type ApiServer, startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";

const program = join(import.meta.dirname, "lease-holder-main.ts");
const LONG_MS = 600_000;
const SHORT_MS = 3000;

describe("a lease on a real API server", () => {
  let server: ApiServer;
  let client: KubeClient;

  before(async () => {
    server = await startApiServer();
    client = await connectTo(server);
  });
  after(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
  });

  test("is handed over at once by a holder that ends", async () => {
    await using first = new Holder(server, "handed-over", LONG_MS);
    assert.equal(await first.nextLine(), "leading");
    await using second = new Holder(server, "handed-over", LONG_MS);
    await second.log("watching");
    first.kill("SIGTERM");
    assert.equal(await first.nextLine(), "stopped");
    assert.equal(await second.nextLine(), "leading");
    const lease = await client.get(resourceTypes.lease, { name: "handed-over", namespace: "default" });
    assert.equal(textAt(lease, "spec", "holderIdentity"), `process-${second.pid}`);
    assert.equal(numberAt(lease, "spec", "leaseTransitions"), 1);
  });

  test("is taken from a holder that was killed", async () => {
    await using first = new Holder(server, "killed", SHORT_MS);
    assert.equal(await first.nextLine(), "leading");
    await using second = new Holder(server, "killed", SHORT_MS);
    await second.log("watching");
    first.kill("SIGKILL");
    assert.equal(await second.nextLine(), "leading");
  });

  test("that somebody else took ends its holder's work", async () => {
    await using holder = new Holder(server, "stolen", SHORT_MS);
    assert.equal(await holder.nextLine(), "leading");
    const body = { spec: { holderIdentity: "somebody else" } };
    await client.patch(resourceTypes.lease, { name: "stolen", namespace: "default" }, { kind: "merge", body });
    assert.equal(await holder.nextLine(), "stopped");
    assert.equal(await holder.nextLine(), "lost");
    assert.equal(await holder.exitCode(), 1);
    const lease = await client.get(resourceTypes.lease, { name: "stolen", namespace: "default" });
    assert.equal(textAt(lease, "spec", "holderIdentity"), "somebody else");
  });

  test("is kept through a restart of the API server", async () => {
    await using holder = new Holder(server, "kept", LONG_MS);
    assert.equal(await holder.nextLine(), "leading");
    await server.kill("SIGKILL");
    await server.start();
    holder.kill("SIGTERM");
    assert.equal(await holder.nextLine(), "stopped");
    assert.equal(await holder.exitCode(), 0);
  });
});

/** A process of `lease-holder-main.ts`. */
class Holder implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown[]>;
  readonly #log: AsyncIterator<string>;

  constructor(server: ApiServer, name: string, durationMs: number) {
    const [node, ...words] = nodeCommand();
    const command = [
      ...words,
      "--disable-warning=ExperimentalWarning",
      program,
      server.kubeconfig,
      name,
      `${durationMs}`,
    ];
    const child = spawn(node, command, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#log = createInterface(child.stderr)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async nextLine(): Promise<string | undefined> {
    const line = await this.#lines.next();
    return line.done === true ? undefined : line.value;
  }

  /** Resolves when a line of its log has this message. */
  async log(message: string): Promise<void> {
    for (let line = await this.#log.next(); line.done !== true; line = await this.#log.next()) {
      if (line.value.includes(message)) return;
    }
    assert.fail(`the log ended without "${message}"`);
  }

  async exitCode(): Promise<unknown> {
    return (await this.#exited)[0];
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#exited;
  }
}
