/** How much a log line matters, least first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields beside the message; values are printed as JSON. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: one JSON object a line, as Kubernetes components write with `--logging-format=json`. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields` too. */
  with(fields: LogFields): Log;
}

interface LogOptions {
  readonly level: LogLevel;
  /** Takes one whole line, newline included. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** Makes a log that drops lines below `level`. */
export function createLog(options: LogOptions, bound: LogFields = {}): Log {
  const now = options.now ?? (() => new Date());
  function emit(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(options.level)) return;
    const line = { ts: now().toISOString(), level, msg: message, ...bound, ...fields };
    options.write(`${JSON.stringify(line, printable)}\n`);
  }
  return {
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
    with: (fields) => createLog(options, { ...bound, ...fields }),
  };
}

/** A log that keeps nothing, for tests and short-lived commands. */
export const silentLog: Log = createLog({ level: "error", write: () => undefined });

function printable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? value.message : value;
}
