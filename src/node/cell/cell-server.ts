import { closeSync } from "node:fs";
import type { Socket } from "node:net";

import { KwasmError } from "#base";

import {
  type CellLine,
  type CellReplies,
  type CellRequest,
  LINE_BYTES_MAX,
  LineSplitter,
  type RequestLine,
} from "../channel/index.ts";
import { receiveDescriptors } from "../syscall/descriptor-passing.ts";
import type { GuestRunner } from "./guest-runner.ts";
import type { WantedSockets } from "./wanted-sockets.ts";
import { runInspection } from "./inspection/run-inspection.ts";

interface CellServerParts {
  readonly lines: Socket;
  readonly packetsFd: number;
  readonly runner: GuestRunner;
  readonly sockets: WantedSockets;
}

/** Answers control's requests, in the order in which they came. Control is trusted; its lines are only bounded. */
export class CellServer {
  readonly #parts: CellServerParts;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);

  constructor(parts: CellServerParts) {
    this.#parts = parts;
    parts.lines.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  tell(line: CellLine): void {
    this.#parts.lines.write(`${JSON.stringify(line)}\n`);
  }

  #receive(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      const request = parseRequest(line);
      if (request !== undefined) void this.#answer(request);
    }
  }

  async #answer({ id, request }: RequestLine): Promise<void> {
    try {
      this.tell({ reply: id, value: await this.#perform(id, request) });
    } catch (error) {
      const { code, message } = KwasmError.from(error, `answer "${request.call}"`);
      this.tell({ reply: id, error: { code, message } });
    }
  }

  async #perform(id: number, request: CellRequest): Promise<CellReplies[CellRequest["call"]]> {
    const { runner } = this.#parts;
    switch (request.call) {
      case "start":
        await runner.start(request.guest, this.#takeDescriptors(id));
        return {};
      case "kill":
        await runner.kill(request.guest, request.signal);
        return {};
      case "limit":
        runner.limitMemory(request.guest, request.memoryBytesMax);
        return {};
      case "pause":
        runner.pause(request.guest);
        return {};
      case "resume":
        runner.resume(request.guest);
        return {};
      case "inspect":
        return { exitCode: await runInspection(request.inspection, this.#takeDescriptors(id)) };
      case "socket":
        if (request.failure !== undefined) this.#parts.sockets.fail(request.ask, request.failure);
        else this.#parts.sockets.give(request.ask, this.#takeDescriptors(id));
        return {};
      case "ping":
        return {};
      case "resync":
        // After the answer: what comes before it was meant for an earlier control.
        setImmediate(() => this.#parts.sockets.repeat());
        return { guests: runner.reports() };
      case "forget":
        runner.forget(request.guest);
        return {};
    }
  }

  /** The packet of a request is there before its line; one of a request that was given up in between is dropped. */
  #takeDescriptors(id: number): readonly number[] {
    for (;;) {
      const packet = receiveDescriptors(this.#parts.packetsFd);
      if (packet === undefined) throw new KwasmError("corrupt", `take descriptors of request ${String(id)}: none came`);
      if (packet.tag === id) return packet.descriptors;
      for (const descriptor of packet.descriptors) closeSync(descriptor);
    }
  }
}

/** Undefined for half a line: a control that was killed while it wrote may leave one, which its successor ends. */
function parseRequest(line: Uint8Array): RequestLine | undefined {
  try {
    return JSON.parse(Buffer.from(line).toString()) as RequestLine;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
