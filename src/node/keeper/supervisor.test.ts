import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog, systemClock } from "#base";

import { guestModule } from "../control/testdata/guests.ts";
import { Supervisor } from "./supervisor.ts";

/** More than the supervisor asks while it waits for one answer. */
const QUESTIONS_WITHIN_LIMIT = 8;

interface Found {
  readonly workloads: readonly { readonly id: string; readonly state: string; readonly startedAtMs: number }[];
  readonly sandboxes: readonly { readonly listeners: readonly { readonly port: number }[] }[];
  readonly cells: readonly { readonly pid: number }[];
}

/** A supervisor over a control that has one guest, and what each of its controls found when it served. */
class Bench implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-keeper-"));
  readonly #supervisor: Supervisor;
  #serving = Promise.withResolvers<number>();
  #ping = (): Promise<void> => Promise.resolve();
  #digest = "";

  private constructor(program: readonly string[]) {
    this.#supervisor = new Supervisor({
      command: () => [process.execPath, "--disable-warning=ExperimentalWarning", ...program, this.#path, this.#digest],
      clock: systemClock,
      log: silentLog,
      onServing: (_calls, pid) => this.#serving.resolve(pid),
      onLost: () => (this.#serving = Promise.withResolvers()),
      ping: () => this.#ping(),
    });
  }

  static async start(
    guest: "sleeper" | "spinner" = "sleeper",
    program: readonly string[] = ["control-main.ts"],
  ): Promise<Bench> {
    const [file = "", ...words] = program;
    const bench = new Bench([join(import.meta.dirname, "testdata", file), ...words]);
    const { bytes, digest } = await guestModule(guest);
    bench.#digest = digest;
    writeFileSync(join(bench.#path, "guest.wasm"), bytes);
    execFileSync("mkfifo", [join(bench.#path, "out")]);
    return bench;
  }

  get #path(): string {
    return this.#directory.path;
  }

  /** The process id of the control that serves now, or next. */
  serving(): Promise<number> {
    return this.#serving.promise;
  }

  found(): Found {
    return JSON.parse(readFileSync(join(this.#path, "found.json"), "utf8")) as Found;
  }

  /** The processes that looked at the guest for the first control. */
  lookPids(): readonly number[] {
    return JSON.parse(readFileSync(join(this.#path, "looks"), "utf8")) as number[];
  }

  async killControl(): Promise<void> {
    const pid = await this.serving();
    process.kill(pid, "SIGKILL");
    await this.replaced(pid);
  }

  /** The process id of the spare cell that the first control had when it killed itself. */
  sparePid(): number {
    return Number(readFileSync(join(this.#path, "spare"), "utf8"));
  }

  /** Resolves when another control serves. */
  async replaced(pid: number): Promise<void> {
    while ((await this.serving()) === pid) await systemClock.sleep(5);
  }

  /** From now on each control starts a guest as soon as it can. */
  hurry(): void {
    writeFileSync(join(this.#path, "hurry"), "");
  }

  /** From now on control seems not to answer. */
  hush(): void {
    this.#ping = () => new Promise(() => undefined);
  }

  /** From now on nobody can ask control; resolves when that was tried for longer than an answer may take. */
  async refuseQuestions(): Promise<void> {
    let questions = 0;
    const enough = Promise.withResolvers<void>();
    this.#ping = () => {
      questions += 1;
      if (questions > QUESTIONS_WITHIN_LIMIT) enough.resolve();
      return Promise.reject(new Error("too many calls wait"));
    };
    await enough.promise;
  }

  async end(): Promise<void> {
    await this.#supervisor[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.#directory.remove();
  }
}

function isThere(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${String(pid)}/exe`);
}

test("a guest and its sockets outlive a control that is killed, and end with the keeper", async () => {
  await using bench = await Bench.start();
  await bench.serving();
  const first = bench.found();
  const [cell] = first.cells;
  assert.equal(first.workloads[0]?.state, "running");
  await bench.killControl();
  const second = bench.found();
  assert.deepEqual(second, first);
  assert.ok(isThere(cell?.pid));
  await bench.end();
  assert.ok(!isThere(cell?.pid));
});

test("a guest that the next control starts at once runs beside those that it found", async () => {
  await using bench = await Bench.start();
  await bench.serving();
  bench.hurry();
  await bench.killControl();
  assert.deepEqual(
    bench.found().workloads.map(({ id, state }) => [id, state]),
    [
      ["guest", "running"],
      ["another", "running"],
    ],
  );
});

test("a control that does not answer is replaced", async () => {
  await using bench = await Bench.start();
  const pid = await bench.serving();
  bench.hush();
  while ((await bench.serving()) === pid) await systemClock.sleep(50);
  assert.equal(bench.found().workloads[0]?.state, "running");
});

test("a control that nobody can ask is left alone", async () => {
  await using bench = await Bench.start();
  const pid = await bench.serving();
  await bench.refuseQuestions();
  assert.equal(await bench.serving(), pid);
});

test("looks end with the control that began them, also while a guest does not yield", async () => {
  await using bench = await Bench.start("spinner");
  await bench.serving();
  const looks = bench.lookPids();
  await bench.killControl();
  while (looks.some(isThere)) await systemClock.sleep(5);
  assert.equal(bench.found().workloads[0]?.state, "running");
});

test("a spare cell that a control gave away before it was killed is its tenant's for the next control", async () => {
  await using bench = await Bench.start("sleeper", ["spare-main.ts", "given"]);
  await bench.replaced(await bench.serving());
  const { workloads, cells } = bench.found();
  assert.deepEqual(
    workloads.map(({ id, state }) => [id, state]),
    [
      ["first", "running"],
      ["second", "running"],
    ],
  );
  assert.equal(cells.length, 2);
  assert.equal(cells[1]?.pid, bench.sparePid());
});

test("a spare cell that a control left behind is ended by the next", async () => {
  await using bench = await Bench.start("sleeper", ["spare-main.ts", "started"]);
  await bench.replaced(await bench.serving());
  const spare = bench.sparePid();
  while (isThere(spare)) await systemClock.sleep(5);
  assert.equal(bench.found().workloads[0]?.state, "running");
});
