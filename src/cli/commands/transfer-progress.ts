import type { TransferEvent } from "#image";

import { formatBytes } from "../frame/measures.ts";
import type { Output } from "../frame/io.ts";

const outcomes = {
  present: "already there",
  fetched: "done",
  pushed: "done",
  mounted: "mounted from another repository",
} as const;

/** Up to the start of the line, and away with what stood there. */
const LINE_START = "\r\u001b[K";

/** Shows a person what is under way: a line for each blob, and on a terminal one more that counts bytes. */
export class TransferProgress implements Disposable {
  readonly #output: Output;
  readonly #isTerminal: boolean;
  #bytes = 0;
  #wholeBytes = 0;
  #shown = "";

  constructor(output: Output) {
    this.#output = output;
    this.#isTerminal = output.isTTY === true;
  }

  show(event: TransferEvent): void {
    switch (event.kind) {
      case "blob-started":
        this.#wholeBytes += event.blob.size;
        break;
      case "blob-bytes":
        this.#bytes += event.bytes;
        break;
      case "blob-ended":
        if (event.outcome === "present" || event.outcome === "mounted") this.#wholeBytes -= event.blob.size;
        this.#line(`Copying blob ${event.blob.digest} ${outcomes[event.outcome]}`);
        break;
      case "server-failed":
        this.#line(`warning: ${event.error.message}; asking the next server`);
        break;
      default:
        event satisfies never;
    }
    this.#count();
  }

  #line(text: string): void {
    this.#clear();
    this.#output.write(`${text}\n`);
  }

  #count(): void {
    const text = `${formatBytes(this.#bytes)} of ${formatBytes(this.#wholeBytes)}`;
    if (!this.#isTerminal || text === this.#shown) return;
    this.#shown = text;
    this.#output.write(`${LINE_START}${text}`);
  }

  #clear(): void {
    if (this.#shown !== "") this.#output.write(LINE_START);
    this.#shown = "";
  }

  [Symbol.dispose](): void {
    this.#clear();
  }
}
