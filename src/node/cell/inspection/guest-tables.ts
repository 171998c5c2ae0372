import type { InspectedGuest } from "../../channel/index.ts";
import { type Command, exitCode, type Look, printable } from "./command.ts";

const SECOND_MS = 1_000;
const KIBIBYTE = 1024;

interface Column {
  readonly title: string;
  readonly valueOf: (guest: InspectedGuest, look: Look) => string;
}

/** Only guests that run are looked at, and each is the only process that its container knows of. */
const pid: Column = { title: "PID", valueOf: () => "1" };
const state: Column = { title: "STATE", valueOf: () => "running" };
const command: Column = { title: "COMMAND", valueOf: ({ args }) => printable(args.join(" ")) };

export const showProcess = tableCommand("ps", "shows the guest: since when it runs, and its arguments", [
  pid,
  state,
  { title: "STARTED", valueOf: ({ startedAtMs }) => `${new Date(startedAtMs).toISOString().slice(0, 19)}Z` },
  { title: "ELAPSED", valueOf: ({ startedAtMs }, { nowMs }) => sayDuration(nowMs - startedAtMs) },
  command,
]);

export const showUsage = tableCommand("top", "shows once what the guest uses", [
  pid,
  state,
  { title: "TIME", valueOf: ({ usage }) => sayTime(usage.cpuNanoseconds) },
  { title: "MEMORY", valueOf: ({ usage }) => sayBytes(usage.memoryBytes) },
  { title: "LIMIT", valueOf: ({ memoryBytesMax }) => sayBytes(memoryBytesMax) },
  command,
]);

function tableCommand(name: string, summary: string, columns: readonly Column[]): Command {
  return {
    synopsis: name,
    summary,
    async run(look) {
      await look.print(
        sayTable([columns.map(({ title }) => title), columns.map(({ valueOf }) => valueOf(look.guest, look))]),
      );
      return exitCode.done;
    },
  };
}

export const showEnvironment: Command = {
  synopsis: "env",
  summary: "prints the guest's environment",
  async run(look) {
    for (const [name, value] of look.guest.env) await look.print(`${name}=${value}\n`);
    return exitCode.done;
  },
};

/** Columns as wide as their widest value; the last one is as long as it is. */
function sayTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((value, column) => value.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** As ps(1) writes `etime`: days only where there are any. */
function sayDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND_MS));
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const days = Math.floor(seconds / 86_400);
  return `${days === 0 ? "" : `${String(days)}-`}${clock.map((part) => String(part).padStart(2, "0")).join(":")}`;
}

/** As top(1) writes `TIME+`: minutes, seconds and hundredths. */
function sayTime(nanoseconds: number): string {
  const hundredths = Math.floor(nanoseconds / 10_000_000);
  const minutes = Math.floor(hundredths / 6_000);
  return `${String(minutes)}:${((hundredths % 6_000) / 100).toFixed(2).padStart(5, "0")}`;
}

function sayBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, bytes === 0 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / KIBIBYTE ** power;
  return `${power === 0 ? String(value) : value.toFixed(1)}${units[power] ?? ""}`;
}
