import { closeSync } from "node:fs";

import type { Log } from "#base";

import type { FifoStreams } from "../workload.ts";
import { FifoInput } from "./fifo-input.ts";
import { type FifoHold, FifoOutput } from "./fifo-output.ts";
import type { GuestOutput } from "./guest-output.ts";
import type { OutputDescriptors } from "./handover.ts";

export type OutputStream = "stdout" | "stderr";

/** Nobody holds the FIFOs beside control: what is in them goes when it ends. */
const noHold: FifoHold = { inherited: {}, keep: () => Promise.resolve(), drop: () => Promise.resolve() };

/** The FIFOs of one guest, or of one look into a guest. */
export class OpenedFifos implements GuestOutput {
  descriptors: OutputDescriptors = {};
  readonly #log: Log;
  readonly #holdOf: (stream: OutputStream) => FifoHold;
  readonly #outputs: FifoOutput[] = [];
  readonly #handedOver: number[] = [];
  #input: FifoInput | undefined;

  private constructor(log: Log, holdOf: (stream: OutputStream) => FifoHold) {
    this.#log = log;
    this.#holdOf = holdOf;
  }

  /** Throws a typed error where one cannot be opened; none stays open then. */
  static open(streams: FifoStreams, log: Log, holdOf: (stream: OutputStream) => FifoHold = () => noHold): OpenedFifos {
    const opened = new OpenedFifos(log, holdOf);
    try {
      opened.#open(streams);
      return opened;
    } catch (error) {
      opened.closeDescriptors();
      void opened.discard();
      throw error;
    }
  }

  /**
   * Those of a guest that an earlier control started: the guest has its own ends. Undefined where nothing of them is
   * held any more.
   */
  static resume(
    { stdoutPath, stderrPath }: FifoStreams,
    log: Log,
    holdOf: (stream: OutputStream) => FifoHold,
  ): OpenedFifos | undefined {
    const opened = new OpenedFifos(log, holdOf);
    for (const [stream, path] of [["stdout", stdoutPath] as const, ["stderr", stderrPath] as const]) {
      const hold = holdOf(stream);
      if (path === undefined || Object.keys(hold.inherited).length === 0) continue;
      opened.#outputs.push(new FifoOutput(path, log, hold));
    }
    return opened.#outputs.length === 0 ? undefined : opened;
  }

  /** Holds the guest's input open again; its FIFO may be gone with whoever wrote to it. */
  holdInput(path: string): void {
    try {
      this.#input = FifoInput.hold(path);
    } catch (error) {
      this.#log.debug("a guest's input is gone", { path, reason: String(error) });
    }
  }

  closeDescriptors(): void {
    for (const descriptor of this.#handedOver.splice(0)) closeSync(descriptor);
  }

  closeInput(): void {
    this.#input?.letGo();
  }

  /** What was written is safe with the kernel: nobody has to wait for its reader. */
  async finish(): Promise<void> {
    this.closeInput();
    await Promise.all(this.#outputs.map((output) => output.release()));
  }

  async discard(): Promise<void> {
    this.closeInput();
    await Promise.all(this.#outputs.map((output) => output.close()));
  }

  #open({ stdinPath, stdoutPath, stderrPath }: FifoStreams): void {
    this.descriptors = {
      ...(stdinPath === undefined ? {} : { stdinFd: this.#openReader(stdinPath) }),
      ...(stdoutPath === undefined ? {} : { stdoutFd: this.#openWriter("stdout", stdoutPath) }),
      ...(stderrPath === undefined ? {} : { stderrFd: this.#openWriter("stderr", stderrPath) }),
    };
  }

  #openReader(path: string): number {
    const { input, readFd } = FifoInput.open(path);
    this.#input = input;
    this.#handedOver.push(readFd);
    return readFd;
  }

  #openWriter(stream: OutputStream, path: string): number {
    const output = new FifoOutput(path, this.#log, this.#holdOf(stream));
    this.#outputs.push(output);
    const writer = output.openWriter();
    this.#handedOver.push(writer);
    return writer;
  }
}
