import { closeSync } from "node:fs";

import { entryPath, KwasmError, nodeCommand } from "#base";

import {
  CELL_PAGE_BYTES,
  type CellReplies,
  type CellRequest,
  type GuestOutcome,
  type GuestReport,
  type GuestUsage,
  type SocketOrder,
} from "../channel/index.ts";
import { createSocketPairs } from "../syscall/descriptor-passing.ts";
import { createSharedMemory } from "../syscall/shared-memory.ts";
import type { CellPlace, UserSpec } from "../workload.ts";
import { CellChannel, type CellChannelOptions } from "./cell-channel.ts";
import type { CellHost, HostedProcess, InheritedProcess } from "./cell-host.ts";
import { CellPage } from "./cell-page.ts";
import { type CellTenant, noteOfTenant, tenantOf } from "./cell-tenant.ts";
import type { ProcessEnd, ProcessOrder, ProcessSignal } from "./spawner.ts";

export interface CellOptions extends Omit<CellChannelOptions, "onBroken" | "inherited"> {
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  /** Opens a socket that one of its guests wants, or throws with the code of a system error. */
  readonly onSocketWanted?: (cell: Cell, guest: number, socket: SocketOrder) => number;
  readonly host: Pick<CellHost, "spawn">;
  /** Whom the process runs as; control's user where this is left out. */
  readonly user?: UserSpec;
  readonly place?: CellPlace;
  /** Where the cell's own complaints go (never a guest's output). */
  readonly errorFd: number;
}

interface CellParts {
  readonly child: HostedProcess;
  readonly ended: Promise<ProcessEnd>;
  readonly channel: CellChannel;
  readonly pageFd: number;
}

/** One cell as control sees it: a process, a line of requests and answers, and a page that says who runs and uses what. */
export class Cell {
  readonly pid: number;
  /** What of its place the machine refused. */
  readonly complaints: readonly string[];
  /** Resolves when the process is gone and everything that it said was heard. */
  readonly ended: Promise<ProcessEnd>;
  readonly process: HostedProcess;
  readonly #channel: CellChannel;
  readonly #page: CellPage;
  #tenant: CellTenant;

  private constructor(
    options: Pick<CellOptions, "group" | "user" | "onGuestEnded" | "onSocketWanted">,
    parts: CellParts,
  ) {
    this.#tenant = tenantOf(options);
    this.pid = parts.child.pid;
    this.complaints = parts.child.complaints;
    this.ended = parts.ended;
    this.process = parts.child;
    this.#channel = parts.channel;
    this.#page = new CellPage(parts.pageFd, parts.child.pid);
    const { onGuestEnded, onSocketWanted } = options;
    parts.channel.onGuestEnded = (guest, outcome) => onGuestEnded(this, guest, outcome);
    if (onSocketWanted !== undefined) {
      parts.channel.onSocketWanted = (guest, socket) => onSocketWanted(this, guest, socket);
    }
    void this.#letPageGo();
  }

  get tenant(): CellTenant {
    return this.#tenant;
  }

  get group(): string {
    return this.#tenant.group;
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

  /** Takes over a cell that an earlier control started, with the guests that it placed there. */
  static adopt(
    options: Omit<CellOptions, "host" | "errorFd">,
    { process: child, descriptors }: InheritedProcess,
    inherited: readonly number[],
  ): Cell {
    const [linesFd = -1, packetsFd = -1, pageFd = -1] = descriptors;
    const { group, log } = options;
    const onBroken = (): void => child.kill("SIGKILL");
    const channel = new CellChannel(linesFd, packetsFd, { group, log, onBroken, inherited });
    return new Cell(options, { child, ended: endOf(child, channel), channel, pageFd });
  }

  /** Another's guests will be in it from here on; only for one that has had none. The user is the one that it runs as. */
  giveTo(tenant: CellTenant): void {
    this.#tenant = tenant;
    this.#channel.group = tenant.group;
  }

  /** What an adopted cell runs; to be asked before anything else. */
  resync(): Promise<readonly GuestReport[]> {
    return this.#channel.resync();
  }

  request<Call extends CellRequest["call"]>(
    request: Extract<CellRequest, { call: Call }>,
    descriptors: readonly number[] = [],
  ): Promise<CellReplies[Call]> {
    return this.#channel.request(request, descriptors) as Promise<CellReplies[Call]>;
  }

  /** The guest that holds the cell's thread now. */
  runningGuest(): number | undefined {
    return this.#page.runningGuest();
  }

  /** What the cell says that a guest has used, any numbers; also while whoever waits for the cell's end hears of it. */
  usageOf(guest: number): GuestUsage | undefined {
    return this.#page.usageOf(guest);
  }

  kill(signal: ProcessSignal): void {
    this.process.kill(signal);
  }

  async #letPageGo(): Promise<void> {
    await this.ended;
    setImmediate(() => this.#page.close());
  }
}

async function endOf(child: HostedProcess, channel: CellChannel): Promise<ProcessEnd> {
  const end = await child.ended;
  await channel.hearLastWords();
  return end;
}

interface SpawnedCell {
  readonly child: HostedProcess;
  readonly linesFd: number;
  readonly packetsFd: number;
  readonly pageFd: number;
}

/** The cell's ends are closed here as soon as it has them: only then does its death close the line, however early. */
async function spawnCell({ group, user, host, place, errorFd }: CellOptions): Promise<SpawnedCell> {
  const own: number[] = [];
  const handedOver: number[] = [];
  try {
    const [[linesFd, linesOfCell], [packetsFd, packetsOfCell]] = createSocketPairs(["stream", "packets"]);
    own.push(linesFd, packetsFd);
    handedOver.push(linesOfCell, packetsOfCell);
    const pageFd = createSharedMemory(`kwasm-cell-${group}`, CELL_PAGE_BYTES);
    own.push(pageFd);
    const program = entryPath(import.meta.url, "../cell/main.ts", "cell.js");
    const order: ProcessOrder = {
      argv: [...nodeCommand(), ...cellFlags, program, ...uidOf(user)],
      env: environmentOfCells(),
      descriptors: [null, errorFd, errorFd, linesOfCell, packetsOfCell, pageFd],
      ...(user === undefined ? {} : { user }),
      ...(place === undefined ? {} : { place }),
    };
    const note = noteOfTenant(tenantOf({ group, user }));
    const child = await host.spawn(order, { note, descriptors: [linesFd, packetsFd, pageFd] });
    return { child, linesFd, packetsFd, pageFd };
  } catch (error) {
    for (const fd of own) closeSync(fd);
    throw error;
  } finally {
    for (const fd of handedOver) closeSync(fd);
  }
}

/**
 * The young heap is smaller than V8's own: what requests leave behind dies soon, so a larger one is only more memory.
 * Nothing is made in the old heap ahead of its time, since what is there keeps all that it refers to (ADR 0021).
 */
const cellFlags = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=8",
  "--no-allocation-site-pretenuring",
];

/** A cell sees nothing of control's environment; its compile cache is the one that control runs with. */
function environmentOfCells(): Record<string, string> {
  const cache = process.env["NODE_COMPILE_CACHE"];
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
}

/** What a cell is told to become: root already is root. */
function uidOf(user: UserSpec | undefined): string[] {
  return user === undefined || user.uid === 0 ? [] : [String(user.uid)];
}

function refuseToStart(end: ProcessEnd): never {
  throw new KwasmError(
    "internal",
    `start a cell: it ended at once (${end.signal ?? `code ${String(end.code)}`}); see the control log`,
  );
}
