import { KwasmError, type Log } from "#base";

import type { InspectedGuest, InspectionOrder } from "../channel/index.ts";
import type { CellPlaces, Inspection, InspectionSpec, KillSignal } from "../workload.ts";
import type { CellHost } from "./cell-host.ts";
import { Cell } from "./cell.ts";
import { DescriptorList } from "./descriptor-list.ts";
import { codeOfSignal, verdictOfCellEnd } from "./exit-status.ts";
import type { GuestOutput } from "./guest-output.ts";
import { placeStreams } from "./handover.ts";
import { OpenedFifos } from "./opened-fifos.ts";
import type { SandboxRow, WorkloadRow } from "./workload-table.ts";

/** Looks under way at once, on the whole machine: each is a process of 40 MB that nobody but its user has asked for. */
export const INSPECTIONS_MAX = 16;
/** A command's words together, bytes: as much as Linux allows to one word (execve(2), MAX_ARG_STRLEN). */
export const COMMAND_BYTES_MAX = 128 * 1024;
/** What a look that could not be taken exits with. */
const FAILURE_CODE = 1;

interface InspectorOptions {
  readonly host: CellHost;
  readonly places?: CellPlaces;
  readonly log: Log;
  readonly errorFd: number;
}

/** Looks into guests, each time from a cell that runs no guest and ends with the look. */
export class Inspector {
  readonly #options: InspectorOptions;
  #underWay = 0;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** Resolves when the look has begun; see NodeRuntime. */
  async inspect(request: InspectionRequest): Promise<Inspection> {
    checkCommand(request.spec.command);
    if (this.#underWay >= INSPECTIONS_MAX) throw tooMany();
    this.#underWay += 1;
    try {
      return await this.#begin(request);
    } catch (error) {
      this.#underWay -= 1;
      throw error;
    }
  }

  async #begin({ row, sandbox, spec, usage }: InspectionRequest): Promise<Inspection> {
    const streams = OpenedFifos.open(spec.streams, this.#options.log);
    const list = new DescriptorList();
    try {
      const order = orderOf(row, spec, { list, streams, usage });
      const cell = await this.#startCell(row, sandbox);
      // The descriptors leave with this call, for the cell has no other request to wait for.
      const answer = cell.request({ call: "inspect", inspection: order }, list.descriptors);
      return new Look({
        cell,
        streams,
        answer,
        host: this.#options.host,
        log: this.#options.log,
        onEnded: () => (this.#underWay -= 1),
      });
    } catch (error) {
      void streams.discard();
      throw error;
    } finally {
      list.close();
      streams.closeDescriptors();
    }
  }

  /** As the guest's own user: it sees what the guest may see. */
  #startCell({ spec }: WorkloadRow, sandbox: SandboxRow): Promise<Cell> {
    const { host, log, errorFd, places } = this.#options;
    return Cell.start({
      host,
      log,
      errorFd,
      group: `look at ${spec.id}`,
      onGuestEnded: () => undefined,
      ...(sandbox.spec.user === undefined ? {} : { user: sandbox.spec.user }),
      ...(places === undefined ? {} : { place: places.placeOf({}) }),
    });
  }
}

interface InspectionRequest {
  readonly row: WorkloadRow;
  readonly sandbox: SandboxRow;
  readonly spec: InspectionSpec;
  /** What is known of what the guest uses. */
  readonly usage: InspectedGuest["usage"];
}

interface OrderParts {
  readonly list: DescriptorList;
  readonly streams: GuestOutput;
  readonly usage: InspectedGuest["usage"];
}

function orderOf({ spec, view }: WorkloadRow, look: InspectionSpec, parts: OrderParts): InspectionOrder {
  const { args, env, memoryBytesMax } = spec;
  const { command, workingDirectory, streams } = look;
  const guest: InspectedGuest = {
    args,
    env,
    startedAtMs: view.startedAtMs ?? 0,
    memoryBytesMax,
    usage: parts.usage,
  };
  return {
    command,
    workingDirectory,
    guest,
    mounts: parts.list.openMounts(spec.mounts),
    ...placeStreams(parts.list, parts.streams.descriptors),
    ...(streams.isTerminal === true ? { isTerminal: true } : {}),
  };
}

interface LookParts {
  readonly cell: Cell;
  readonly streams: GuestOutput;
  readonly answer: Promise<{ readonly exitCode: number }>;
  readonly host: CellHost;
  readonly log: Log;
  readonly onEnded: () => void;
}

class Look implements Inspection {
  readonly ended: Promise<number>;
  readonly #parts: LookParts;
  #signal: KillSignal | undefined;

  constructor(parts: LookParts) {
    this.#parts = parts;
    this.ended = this.#end();
  }

  kill(signal: KillSignal): void {
    this.#signal ??= signal;
    this.#parts.cell.kill("SIGKILL");
  }

  close(): void {
    void this.#parts.streams.discard();
  }

  async #end(): Promise<number> {
    const { cell, streams, host, onEnded } = this.#parts;
    const code = await this.#codeOfAnswer();
    cell.kill("SIGKILL");
    const end = await cell.ended;
    host.forget(cell.process);
    onEnded();
    await streams.finish();
    if (this.#signal !== undefined) return codeOfSignal(this.#signal);
    return code ?? verdictOfCellEnd(end, cell.tenant.group, undefined).code;
  }

  /** Undefined where the cell ended without an answer. */
  async #codeOfAnswer(): Promise<number | undefined> {
    const { answer, log } = this.#parts;
    try {
      return (await answer).exitCode;
    } catch (thrown) {
      const error = KwasmError.from(thrown, "look into a workload");
      if (error.code === "unavailable") return undefined;
      log.warn("a look into a workload failed", { reason: error.message });
      return FAILURE_CODE;
    }
  }
}

function checkCommand(command: readonly string[]): void {
  const bytes = command.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
  if (bytes <= COMMAND_BYTES_MAX) return;
  throw new KwasmError(
    "limit-exceeded",
    `look into a workload: the command has "${String(bytes)}" bytes, "${String(COMMAND_BYTES_MAX)}" are allowed; ` +
      "name fewer files",
  );
}

function tooMany(): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `look into a workload: "${String(INSPECTIONS_MAX)}" looks are under way on this machine; end one first`,
  );
}
