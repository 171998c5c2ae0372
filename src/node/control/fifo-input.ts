import { closeSync, constants, openSync } from "node:fs";

import { attempt } from "../syscall/libc.ts";

/**
 * A guest's input from a FIFO that somebody else made and writes to. A reader of a FIFO sees the end whenever its last
 * writer goes, so control holds a writing end: a writer that is started again does not end the guest's input.
 */
export class FifoInput {
  #holdFd: number | undefined;

  private constructor(holdFd: number) {
    this.#holdFd = holdFd;
  }

  /**
   * The FIFO, and a reading end for the guest, which belongs to the caller; reading from it never blocks, whoever does.
   * Throws a typed error where it cannot be opened.
   */
  static open(path: string): { readonly input: FifoInput; readonly readFd: number } {
    const readFd = openEnd(path, constants.O_RDONLY);
    try {
      return { input: FifoInput.hold(path), readFd };
    } catch (error) {
      closeSync(readFd);
      throw error;
    }
  }

  /** One whose reading end a guest has already. */
  static hold(path: string): FifoInput {
    return new FifoInput(openEnd(path, constants.O_WRONLY));
  }

  /** The end comes with the last of the other writers from here on. Idempotent. */
  letGo(): void {
    if (this.#holdFd !== undefined) closeSync(this.#holdFd);
    this.#holdFd = undefined;
  }
}

function openEnd(path: string, access: number): number {
  return attempt(`open input "${path}"`, () => openSync(path, access | constants.O_NONBLOCK));
}
