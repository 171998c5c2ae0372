import { closeSync } from "node:fs";

import { entryPath, KwasmError, systemErrorCode } from "#base";

import { type CellReplies, type CellRequest, type GuestOutcome, RUN_QUEUE_BYTES, RunQueue } from "../channel/index.ts";
import { createSocketPair } from "../syscall/descriptor-passing.ts";
import { createSharedMemory, mapSharedMemory } from "../syscall/shared-memory.ts";
import { CellChannel, type CellChannelOptions } from "./cell-channel.ts";
import type { ProcessEnd, SpawnedProcess, Spawner } from "./spawner.ts";

export interface CellOptions extends CellChannelOptions {
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  readonly spawner: Pick<Spawner, "spawn">;
  /** Where the cell's own complaints go (never a guest's output). */
  readonly errorFd: number;
}

interface CellParts {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  readonly channel: CellChannel;
  readonly runQueue: RunQueue;
}

/** One cell as control sees it: a process, a line of requests and answers, and a page that says who runs. */
export class Cell {
  readonly group: string;
  readonly pid: number;
  /** Resolves when the process is gone and everything that it said was heard. */
  readonly ended: Promise<ProcessEnd>;
  readonly #channel: CellChannel;
  readonly #runQueue: RunQueue;

  private constructor(options: CellOptions, parts: CellParts) {
    this.group = options.group;
    this.pid = parts.pid;
    this.ended = parts.ended;
    this.#channel = parts.channel;
    this.#runQueue = parts.runQueue;
    parts.channel.onGuestEnded = (guest, outcome) => options.onGuestEnded(this, guest, outcome);
  }

  /** Starts a cell and resolves when it takes requests. */
  static async start(options: CellOptions): Promise<Cell> {
    const { child, linesFd, packetsFd, runQueue } = await spawnCell(options);
    const channel = new CellChannel(linesFd, packetsFd, options);
    const ended = Promise.all([child.ended, channel.closed]).then(([end]) => end);
    await Promise.race([channel.ready, ended.then(refuseToStart)]);
    return new Cell(options, { pid: child.pid, ended, channel, runQueue });
  }

  request<Call extends CellRequest["call"]>(
    request: Extract<CellRequest, { call: Call }>,
    descriptors: readonly number[] = [],
  ): Promise<CellReplies[Call]> {
    return this.#channel.request(request, descriptors) as Promise<CellReplies[Call]>;
  }

  /** The guest that holds the cell's thread now. */
  runningGuest(): number | undefined {
    return this.#runQueue.running();
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      // ESRCH: it is gone already, which is what was wanted.
      if (systemErrorCode(error) !== "ESRCH") throw error;
    }
  }
}

interface SpawnedCell {
  readonly child: SpawnedProcess;
  readonly linesFd: number;
  readonly packetsFd: number;
  readonly runQueue: RunQueue;
}

/** The cell's ends are closed here as soon as it has them: only then does its death close the line, however early. */
async function spawnCell({ group, spawner, errorFd }: CellOptions): Promise<SpawnedCell> {
  const lines = createSocketPair("stream");
  const packets = createSocketPair("packets");
  const pageFd = createSharedMemory(`kwasm-run-queue-${group}`, RUN_QUEUE_BYTES);
  try {
    const runQueue = new RunQueue(mapSharedMemory(pageFd, RUN_QUEUE_BYTES));
    const child = await spawner.spawn({
      argv: [process.execPath, ...cellFlags, entryPath(import.meta.url, "../cell/main.ts", "cell.js")],
      env: environmentOfCells(),
      descriptors: [null, errorFd, errorFd, lines[1], packets[1], pageFd],
    });
    return { child, linesFd: lines[0], packetsFd: packets[0], runQueue };
  } finally {
    closeSync(lines[1]);
    closeSync(packets[1]);
    closeSync(pageFd);
  }
}

const cellFlags = ["--disable-warning=ExperimentalWarning"];

/** A cell sees nothing of control's environment; its compile cache is the one that control runs with. */
function environmentOfCells(): Record<string, string> {
  const cache = process.env["NODE_COMPILE_CACHE"];
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
}

function refuseToStart(end: ProcessEnd): never {
  throw new KwasmError(
    "internal",
    `start a cell: it ended at once (${end.signal ?? `code ${String(end.code)}`}); see the control log`,
  );
}
