import { KwasmError } from "#base";

/**
 * What the installer says of one node when it ends. It is the last line that it prints and what it writes as its
 * container's termination message, which the kubelet keeps through the restarts that an installation causes; so it
 * stays below 4,096 bytes (terminationMessagePath of the Pod's API).
 */
export interface InstallReport {
  readonly reportVersion: 1;
  /**
   * `installed` and `unchanged`: the handlers are served now. `removed`: nothing of ours is left. `rolled-back`: a step
   * failed, and the node is as it was. `unsupported`: nothing was touched. `failed`: the node may need a person.
   */
  readonly outcome: InstallOutcome;
  /** Of the layout that was asked for. */
  readonly runtimeVersion: string;
  /** The preset's name, such as `k3s`. */
  readonly distribution: string;
  /** Empty where it could not be asked. */
  readonly containerdVersion: string;
  /** RuntimeClass handlers that containerd said it serves, after its restart. */
  readonly handlers: readonly string[];
  /** One word in CamelCase, as reasons of conditions are. */
  readonly reason: string;
  /** What happened, and what to do where something is to be done. */
  readonly message: string;
}

export type InstallOutcome = (typeof installOutcomes)[number];

const installOutcomes = ["installed", "unchanged", "removed", "rolled-back", "unsupported", "failed"] as const;

/** A termination message may have 4,096 bytes (kubernetes, pkg/kubelet/container: MaxContainerTerminationMessageLength). */
export const REPORT_BYTES_MAX = 4_096;
/** Handlers that are told. A node serves about ten; the report has to stay below its limit whatever the node has. */
const REPORT_HANDLERS_MAX = 64;
const HANDLER_CHARS_MAX = 63;
const WORD_CHARS_MAX = 128;

/** One line of JSON below the limit, without its end; what is too long in it is cut. */
export function formatInstallReport(report: InstallReport): string {
  const handlers = report.handlers.filter(({ length }) => length <= HANDLER_CHARS_MAX).slice(0, REPORT_HANDLERS_MAX);
  const short: InstallReport = {
    reportVersion: 1,
    outcome: report.outcome,
    runtimeVersion: report.runtimeVersion.slice(0, WORD_CHARS_MAX),
    distribution: report.distribution.slice(0, WORD_CHARS_MAX),
    containerdVersion: report.containerdVersion.slice(0, WORD_CHARS_MAX),
    handlers,
    reason: report.reason.slice(0, WORD_CHARS_MAX),
    message: report.message,
  };
  for (let chars = report.message.length; ; chars = Math.floor(chars * 0.8)) {
    const line = JSON.stringify({ ...short, message: report.message.slice(0, chars) });
    if (Buffer.byteLength(line) < REPORT_BYTES_MAX || chars === 0) return line;
  }
}

/** Reads the last line of an installer's output or its termination message. Throws `corrupt` for what is no report. */
export function parseInstallReport(text: string): InstallReport {
  if (text.length > REPORT_BYTES_MAX) throw noReport("it is longer than a termination message may be");
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  const values = recordOf(parseJson(line));
  if (values["reportVersion"] !== 1) throw noReport('its field "reportVersion" is not 1');
  const outcome = installOutcomes.find((known) => known === values["outcome"]);
  if (outcome === undefined) throw noReport(`its outcome ${JSON.stringify(values["outcome"])} is not known`);
  return {
    reportVersion: 1,
    outcome,
    runtimeVersion: textOf(values, "runtimeVersion"),
    distribution: textOf(values, "distribution"),
    containerdVersion: textOf(values, "containerdVersion"),
    handlers: handlersOf(values["handlers"]),
    reason: textOf(values, "reason"),
    message: textOf(values, "message"),
  };
}

type Values = Readonly<Record<string, unknown>>;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw noReport(`its last line is not JSON: ${String(error)}`);
  }
}

function recordOf(value: unknown): Values {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw noReport("it is no object");
  return { ...value };
}

function textOf(values: Values, name: string): string {
  const value = values[name];
  if (typeof value !== "string") throw noReport(`its field "${name}" is no text`);
  return value;
}

function handlersOf(value: unknown): readonly string[] {
  const isList = Array.isArray(value) && value.length <= REPORT_HANDLERS_MAX;
  if (!isList) throw noReport(`its field "handlers" is no list of at most ${String(REPORT_HANDLERS_MAX)}`);
  return value.map((handler: unknown) => {
    if (typeof handler === "string" && handler.length <= HANDLER_CHARS_MAX) return handler;
    throw noReport("one of its handlers is no name");
  });
}

function noReport(reason: string): KwasmError {
  return new KwasmError("corrupt", `read the installer's report: ${reason}; see the output of the installer`);
}
