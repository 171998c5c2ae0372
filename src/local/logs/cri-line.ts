/** One record of CRI's log format: `<RFC3339Nano> stdout|stderr F|P <text>`. */
export interface CriLine {
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** A partial record: its line goes on in the next one. */
  readonly isPartial: boolean;
  readonly text: string;
}

const linePattern = /^(\S+) (stdout|stderr) ([FP]) (.*)$/su;

/** Undefined for a line that is not of the format, such as the torn last one of a machine that lost power. */
export function parseCriLine(line: string): CriLine | undefined {
  const [, time, stream, tag, text] = linePattern.exec(line) ?? [];
  if (time === undefined || text === undefined) return undefined;
  return { time, stream: stream === "stderr" ? "stderr" : "stdout", isPartial: tag === "P", text };
}

export interface LogFormat {
  readonly timestamps: boolean;
  /** Lines before this moment are left out. */
  readonly sinceMs?: number;
}

/** Turns records into what `kubectl logs` prints; joins partial ones, with the time of the first. */
export class CriPrinter {
  readonly #format: LogFormat;
  #isInLine = false;

  constructor(format: LogFormat) {
    this.#format = format;
  }

  /** Empty for what is not shown. */
  print(record: CriLine): string {
    const { sinceMs, timestamps } = this.#format;
    if (sinceMs !== undefined && Date.parse(record.time) < sinceMs) return "";
    const prefix = timestamps && !this.#isInLine ? `${record.time} ` : "";
    this.#isInLine = record.isPartial;
    return `${prefix}${record.text}${record.isPartial ? "" : "\n"}`;
  }
}
