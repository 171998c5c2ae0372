/** The longest line that containerd and kubelet keep whole; longer ones are cut into partial (`P`) records. */
export const LOG_LINE_BYTES_MAX = 16 * 1024;

const NEWLINE = 0x0a;

/**
 * Turns a guest's output into records of CRI's log format, `<time> <stream> <F|P> <text>`, which `kubectl logs` and
 * every log collector read (kubernetes/design-proposals, kubelet-cri-logging). Holds at most one partial line.
 */
export class CriLogFormatter {
  readonly #stream: "stdout" | "stderr";
  #held: Uint8Array = new Uint8Array(0);

  constructor(stream: "stdout" | "stderr") {
    this.#stream = stream;
  }

  /** Records for the lines that `chunk` completes or makes too long; `time` is an RFC 3339 text with nanoseconds. */
  push(chunk: Uint8Array, time: string): Uint8Array[] {
    const records: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      records.push(...this.#cut(chunk.subarray(start, end), time, true));
      start = end + 1;
    }
    records.push(...this.#cut(chunk.subarray(start), time, false));
    return records;
  }

  /** What was printed last without a newline. */
  end(time: string): Uint8Array[] {
    if (this.#held.length === 0) return [];
    return this.#cut(new Uint8Array(0), time, true);
  }

  #cut(part: Uint8Array, time: string, isWhole: boolean): Uint8Array[] {
    let text: Uint8Array = this.#held.length === 0 ? part : Buffer.concat([this.#held, part]);
    const records: Uint8Array[] = [];
    for (; text.length > LOG_LINE_BYTES_MAX; text = text.subarray(LOG_LINE_BYTES_MAX)) {
      records.push(this.#record("P", text.subarray(0, LOG_LINE_BYTES_MAX), time));
    }
    if (isWhole) records.push(this.#record("F", text, time));
    // The chunk belongs to the reader's buffer, so what is held is a copy.
    this.#held = isWhole ? new Uint8Array(0) : Uint8Array.from(text);
    return records;
  }

  #record(tag: "F" | "P", text: Uint8Array, time: string): Uint8Array {
    return Buffer.concat([Buffer.from(`${time} ${this.#stream} ${tag} `), text, Buffer.of(NEWLINE)]);
  }
}

/** Now as CRI writes it; the clock of the system gives milliseconds, the monotonic one what lies below them. */
export function criTime(nowMs: number, belowMillisecondNs: number): string {
  const fraction = String(belowMillisecondNs % 1_000_000).padStart(6, "0");
  return `${new Date(nowMs).toISOString().slice(0, -1)}${fraction}Z`;
}
