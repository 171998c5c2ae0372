import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";

import { type Message, RpcRequest } from "#proto";
import { TtrpcClient } from "#ttrpc";

import { bytes as bytesField, message, string } from "../../src/proto/message.ts";
import { containerState } from "../containerd/cri-messages.ts";
import { waitForSpareCell } from "../containerd/cells.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { serveHello } from "../containerd/wasm-rig.ts";
import { readMark } from "./control-process.ts";
import { findLeaks, takeSettledHoldings } from "./leaks.ts";
import { forEachOf, messageOf, type StressReport } from "./stress-rig.ts";

interface FuzzOptions {
  /** Attacks; the same seed makes the same ones. */
  readonly attacks: number;
  readonly seed: number;
}

const AT_ONCE = 4;
/** After so long an answer is missing. */
const ANSWER_MS_MAX = 10_000;
/** The protocol's limit of a message. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

const services = ["containerd.task.v2.Task", "containerd.task.v3.Task", "no.such.Service", ""] as const;
const lifeOfTask = ["Create", "Start", "State", "Wait", "Kill", "Delete", "Shutdown"] as const;
const otherMethods = [
  "Pids",
  "Stats",
  "Connect",
  "Exec",
  "Update",
  "Pause",
  "Resume",
  "Checkpoint",
  "CloseIO",
] as const;
const methods = [...lifeOfTask, ...otherMethods, "ResizePty", "NoSuchMethod", "__proto__", "constructor", ""] as const;

/** Any bytes as a message. */
const Raw: Message<{ readonly bytes: Uint8Array }> = {
  name: "Raw",
  encode: ({ bytes = new Uint8Array() }) => bytes,
  decode: (encoded) => ({ bytes: encoded }),
};
/** The fields of Create, Start, Kill, Exec and others that are strings. */
const Strings = message("Strings", { id: string(1), second: string(2), fifth: string(5), any: bytesField(10) });

/** Sends what no client of the protocol sends while pods run, which are not to notice. */
export async function runFuzz(rig: ContainerdRig, { attacks, seed }: FuzzOptions): Promise<StressReport> {
  const served = await Promise.all(["one", "two", "three"].map((name) => serveHello(rig, "spin", name)));
  const socket = join(`${rig.address}.kwasm`, "shim.sock");
  const control = readMark(rig, "control");
  const random = new Random(seed);
  const problems: string[] = [];
  // It comes a moment after the first guest, and is nothing that the calls left behind.
  await waitForSpareCell(rig);
  const before = await takeSettledHoldings(rig);
  const numbers = Array.from({ length: attacks }, (_, index) => index);
  await forEachOf(numbers, AT_ONCE, async (index) => {
    const attack = random.pick(attackKinds);
    try {
      await attack(socket, random);
    } catch (error) {
      problems.push(`attack ${String(index)} of seed ${String(seed)}, ${attack.name}: ${messageOf(error)}`);
    }
  });
  for (const { id } of served) problems.push(...(await misuse(socket, id)));
  problems.push(...(await findLeaks(rig, before)));
  if (readMark(rig, "control") !== control) problems.push("control is another process than before");
  for (const { pod, id, url } of served) {
    if ((await pod.readStatus(id)).state !== containerState.running) problems.push(`container "${id}" no longer runs`);
    else if (!(await rig.fetchText(url)).startsWith("Hello from")) problems.push(`container "${id}" no longer serves`);
  }
  return { figures: { attacks, seed, problems: problems.length }, problems };
}

const attackKinds = [sendNoise, sendOversized, sendFrames, sendHalf, callWithNoise, callWithStrangeIds] as const;

/** Bytes that are no frames. */
function sendNoise(socket: string, random: Random): Promise<void> {
  return sendAndLeave(socket, random.bytes(random.below(4096)));
}

/** A frame that declares more than the protocol allows: the connection is to be closed for it. */
async function sendOversized(socket: string, random: Random): Promise<void> {
  const declared = MESSAGE_BYTES_MAX + 1 + random.below(2 ** 31);
  const connection = connect(socket);
  await once(connection, "connect");
  const closed = once(connection, "close", { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  connection.resume().on("error", () => connection.destroy());
  connection.write(frame({ stream: 1, type: 1, flags: 0, payload: random.bytes(64), declared }));
  await closed;
}

/** Frames of any stream, type and flags, some with requests and some with noise. */
function sendFrames(socket: string, random: Random): Promise<void> {
  const frames = Array.from({ length: 1 + random.below(8) }, () => {
    const request = { service: random.pick(services), method: random.pick(methods), payload: random.bytes(32) };
    const payload = random.below(2) === 0 ? random.bytes(random.below(256)) : RpcRequest.encode(request);
    return frame({ stream: random.below(8), type: random.below(4), flags: random.below(8), payload });
  });
  return sendAndLeave(socket, Buffer.concat(frames));
}

/** The beginning of a frame, and then nothing. */
function sendHalf(socket: string, random: Random): Promise<void> {
  const payload = random.bytes(64);
  return sendAndLeave(socket, frame({ stream: 1, type: 1, flags: 0, payload }).subarray(0, 1 + random.below(70)));
}

/** A call of any method with noise for a request: any answer will do, and there is to be one. */
function callWithNoise(socket: string, random: Random): Promise<void> {
  return call(socket, random, random.bytes(random.below(512)));
}

/** A call of any method about tasks that are not there. */
function callWithStrangeIds(socket: string, random: Random): Promise<void> {
  const ids = ["", "x", "../..", "a/b", "\0", "x".repeat(1 + random.below(100_000)), "é".repeat(40)];
  const request = { id: random.pick(ids), second: random.pick(ids), fifth: random.pick(ids), any: random.bytes(16) };
  return call(socket, random, Strings.encode(request));
}

async function call(socket: string, random: Random, bytes: Uint8Array): Promise<void> {
  using client = await TtrpcClient.connect(socket);
  const name = { service: random.pick(services), method: random.pick(methods) };
  try {
    await client.call(name, { request: Raw, response: Raw }, { bytes }, { timeoutMs: ANSWER_MS_MAX });
  } catch (error) {
    // A refusal is an answer, and so is a closed connection.
    if (messageOf(error).includes("there was no answer")) throw error;
  }
}

/** Calls that are right in form, and wrong for a task that runs. */
async function misuse(socket: string, id: string): Promise<readonly string[]> {
  using client = await TtrpcClient.connect(socket);
  const problems: string[] = [];
  for (const method of ["Start", "Delete", "Create"]) {
    const name = { service: "containerd.task.v2.Task", method };
    const bytes = Strings.encode({ id, second: "/nowhere/k8s.io/bundle" });
    try {
      await client.call(name, { request: Raw, response: Raw }, { bytes }, { timeoutMs: ANSWER_MS_MAX });
      problems.push(`${method} of a running task was answered with success`);
    } catch (error) {
      if (messageOf(error).includes("there was no answer")) problems.push(messageOf(error));
    }
  }
  return problems;
}

async function sendAndLeave(socket: string, bytes: Uint8Array): Promise<void> {
  const connection = connect(socket);
  await once(connection, "connect");
  const closed = once(connection, "close", { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  connection.resume().on("error", () => connection.destroy());
  connection.end(bytes);
  await closed;
}

interface RawFrame {
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** What the header says of the payload's length; the truth unless given. */
  readonly declared?: number;
}

function frame({ stream, type, flags, payload, declared = payload.byteLength }: RawFrame): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(declared >>> 0, 0);
  header.writeUInt32BE(stream, 4);
  header.writeUInt8(type, 8);
  header.writeUInt8(flags, 9);
  return Buffer.concat([header, payload]);
}

/** Numbers that a seed decides: the mulberry32 generator. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("picking from nothing");
    return item;
  }
}
