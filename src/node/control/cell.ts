import { closeSync, readSync } from "node:fs";

import { entryPath, KwasmError } from "#base";

import { type CellReplies, type CellRequest, type GuestOutcome, RUN_QUEUE_BYTES, RunQueue } from "../channel/index.ts";
import { createSocketPair } from "../syscall/descriptor-passing.ts";
import { createSharedMemory } from "../syscall/shared-memory.ts";
import { CellChannel, type CellChannelOptions } from "./cell-channel.ts";
import type { ProcessEnd, ProcessSignal, SpawnedProcess, Spawner } from "./spawner.ts";

export interface CellOptions extends Omit<CellChannelOptions, "onBroken"> {
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  readonly spawner: Pick<Spawner, "spawn">;
  /** Where the cell's own complaints go (never a guest's output). */
  readonly errorFd: number;
}

interface CellParts {
  readonly child: SpawnedProcess;
  readonly ended: Promise<ProcessEnd>;
  readonly channel: CellChannel;
  readonly pageFd: number;
}

/** One cell as control sees it: a process, a line of requests and answers, and a page that says who runs. */
export class Cell {
  readonly group: string;
  readonly pid: number;
  /** Resolves when the process is gone and everything that it said was heard. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: SpawnedProcess;
  readonly #channel: CellChannel;
  #pageFd: number | undefined;

  private constructor(options: CellOptions, parts: CellParts) {
    this.group = options.group;
    this.pid = parts.child.pid;
    this.ended = parts.ended;
    this.#child = parts.child;
    this.#channel = parts.channel;
    this.#pageFd = parts.pageFd;
    parts.channel.onGuestEnded = (guest, outcome) => options.onGuestEnded(this, guest, outcome);
    void this.#letPageGo();
  }

  /** Starts a cell and resolves when it takes requests. */
  static async start(options: CellOptions): Promise<Cell> {
    const { child, linesFd, packetsFd, pageFd } = await spawnCell(options);
    const { group, log } = options;
    const channel = new CellChannel(linesFd, packetsFd, { group, log, onBroken: () => child.kill("SIGKILL") });
    const ended = endOf(child, channel);
    try {
      await Promise.race([channel.ready, ended.then(refuseToStart)]);
    } catch (error) {
      closeSync(pageFd);
      throw error;
    }
    return new Cell(options, { child, ended, channel, pageFd });
  }

  request<Call extends CellRequest["call"]>(
    request: Extract<CellRequest, { call: Call }>,
    descriptors: readonly number[] = [],
  ): Promise<CellReplies[Call]> {
    return this.#channel.request(request, descriptors) as Promise<CellReplies[Call]>;
  }

  /**
   * The guest that holds the cell's thread now. The page is read and not mapped here: the cell has it too, and may
   * cut it short, which ends a process that looks at a mapping of it (SIGBUS, mmap(2)).
   */
  runningGuest(): number | undefined {
    if (this.#pageFd === undefined) return undefined;
    const words = new Int32Array(RUN_QUEUE_BYTES / Int32Array.BYTES_PER_ELEMENT);
    readSync(this.#pageFd, words, 0, words.byteLength, 0);
    return new RunQueue(words).running();
  }

  kill(signal: ProcessSignal): void {
    this.#child.kill(signal);
  }

  async #letPageGo(): Promise<void> {
    await this.ended;
    if (this.#pageFd !== undefined) closeSync(this.#pageFd);
    this.#pageFd = undefined;
  }
}

async function endOf(child: SpawnedProcess, channel: CellChannel): Promise<ProcessEnd> {
  const end = await child.ended;
  await channel.hearLastWords();
  return end;
}

interface SpawnedCell {
  readonly child: SpawnedProcess;
  readonly linesFd: number;
  readonly packetsFd: number;
  readonly pageFd: number;
}

/** The cell's ends are closed here as soon as it has them: only then does its death close the line, however early. */
async function spawnCell({ group, spawner, errorFd }: CellOptions): Promise<SpawnedCell> {
  const own: number[] = [];
  const handedOver: number[] = [];
  try {
    const [linesFd, linesOfCell] = createSocketPair("stream");
    own.push(linesFd);
    handedOver.push(linesOfCell);
    const [packetsFd, packetsOfCell] = createSocketPair("packets");
    own.push(packetsFd);
    handedOver.push(packetsOfCell);
    const pageFd = createSharedMemory(`kwasm-run-queue-${group}`, RUN_QUEUE_BYTES);
    own.push(pageFd);
    const child = await spawner.spawn({
      argv: [process.execPath, ...cellFlags, entryPath(import.meta.url, "../cell/main.ts", "cell.js")],
      env: environmentOfCells(),
      descriptors: [null, errorFd, errorFd, linesOfCell, packetsOfCell, pageFd],
    });
    return { child, linesFd, packetsFd, pageFd };
  } catch (error) {
    for (const fd of own) closeSync(fd);
    throw error;
  } finally {
    for (const fd of handedOver) closeSync(fd);
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
