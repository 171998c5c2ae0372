import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { silentLog } from "#base";
import { createNodeRuntime } from "#node";

import { assembleGuest } from "./measure/assemble.ts";
import { printReport, type Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * TCP round trips on loopback into a guest in a cell, beside a plain node:net echo server in a process of its own. One
 * connection and one message at a time, in turns. All processes share one processor: on two, a trip takes 25 or 75 µs
 * for either server, as the scheduler happened to place it, since waking an idle processor costs more than the trip.
 */
const MESSAGE = Buffer.alloc(64, "x");
const ROUNDS = 40;
const TRIPS_PER_ROUND = 500;
const WARM_ROUNDS = 5;

/** Sends one message and resolves with the milliseconds until all of it has come back. */
async function roundTrip(socket: Socket): Promise<number> {
  const back = Promise.withResolvers<void>();
  let received = 0;
  function receive(chunk: Buffer): void {
    received += chunk.length;
    if (received === MESSAGE.length) back.resolve();
  }
  socket.on("data", receive);
  const startedMs = performance.now();
  socket.write(MESSAGE);
  await back.promise;
  const tookMs = performance.now() - startedMs;
  socket.off("data", receive);
  return tookMs;
}

async function makeTrips(socket: Socket): Promise<readonly number[]> {
  const trips: number[] = [];
  while (trips.length < TRIPS_PER_ROUND) trips.push(await roundTrip(socket));
  return trips;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise<void>((resolve, reject) => void socket.once("connect", resolve).once("error", reject));
  return socket;
}

function rowOf(what: string, samples: readonly number[]): Row {
  return { what, figures: { "p50 ms": quantile(samples, 0.5), "p99 ms": quantile(samples, 0.99) } };
}

async function startPeer(): Promise<{ readonly port: number; readonly close: () => void }> {
  const program = join(import.meta.dirname, "echo-server-main.ts");
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await child.stdout.take(1).toArray()) as Buffer[];
  return { port: Number(line?.toString()), close: () => void child.stdin.end() };
}

async function measure(ports: { readonly guest: number; readonly peer: number }): Promise<readonly Row[]> {
  const sockets = { guest: await open(ports.guest), peer: await open(ports.peer) };
  const samples = { guest: [] as number[], peer: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ["guest", "peer"] as const) {
      const trips = await makeTrips(sockets[side]);
      if (round >= WARM_ROUNDS) samples[side].push(...trips);
    }
  }
  for (const socket of Object.values(sockets)) socket.destroy();
  const ratio = quantile(samples.guest, 0.5) / quantile(samples.peer, 0.5);
  const guest = rowOf("guest in a cell", samples.guest);
  return [{ ...guest, figures: { ...guest.figures, "p50 / node:net": ratio } }, rowOf("node:net", samples.peer)];
}

// Threads and processes that are started from here on inherit it.
execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", "0", String(process.pid)]);
const directory = mkdtempSync(join(tmpdir(), "kwasm-bench-"));
const runtime = createNodeRuntime({ stateDir: directory, log: silentLog });
const peer = await startPeer();
try {
  const path = join(directory, "echo.wasm");
  writeFileSync(path, assembleGuest("echo"));
  const listeners = [{ address: "127.0.0.1", port: 0 }];
  const sandbox = await runtime.createSandbox({ id: "echo", group: "bench", listeners });
  await runtime.createWorkload({
    id: "echo",
    sandboxId: "echo",
    module: { path, digest: "sha256:echo" },
    args: ["echo"],
    env: [],
    mounts: [],
    output: { kind: "discard" },
    memoryBytesMax: 16 * 1024 * 1024,
  });
  await runtime.startWorkload("echo");
  const rows = await measure({ guest: sandbox.listeners[0]?.port ?? 0, peer: peer.port });
  printReport({ bench: "tcp-echo", notes: ["one connection, 64 bytes, there and back, all on one processor"], rows });
} finally {
  peer.close();
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
}
