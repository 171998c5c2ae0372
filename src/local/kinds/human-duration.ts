import type { ObjectMeta } from "./object.ts";

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR;
const SECONDS_PER_YEAR = 365 * SECONDS_PER_DAY;

/** A unit with the amounts of it from which it is shown alone, and up to which it is shown at all. */
interface DurationUnit {
  readonly name: string;
  readonly seconds: number;
  readonly minor?: { readonly name: string; readonly seconds: number; readonly below: number };
  readonly below: number;
}

/** The steps at which kubectl coarsens an age (apimachinery, `duration.HumanDuration`). */
const units: readonly DurationUnit[] = [
  { name: "s", seconds: 1, below: 2 * SECONDS_PER_MINUTE },
  {
    name: "m",
    seconds: SECONDS_PER_MINUTE,
    minor: { name: "s", seconds: 1, below: 10 * SECONDS_PER_MINUTE },
    below: 3 * SECONDS_PER_HOUR,
  },
  {
    name: "h",
    seconds: SECONDS_PER_HOUR,
    minor: { name: "m", seconds: SECONDS_PER_MINUTE, below: 8 * SECONDS_PER_HOUR },
    below: 2 * SECONDS_PER_DAY,
  },
  {
    name: "d",
    seconds: SECONDS_PER_DAY,
    minor: { name: "h", seconds: SECONDS_PER_HOUR, below: 8 * SECONDS_PER_DAY },
    below: 2 * SECONDS_PER_YEAR,
  },
  {
    name: "y",
    seconds: SECONDS_PER_YEAR,
    minor: { name: "d", seconds: SECONDS_PER_DAY, below: 8 * SECONDS_PER_YEAR },
    below: Infinity,
  },
];

/** A duration in two or three digits, as kubectl prints ages: `5s`, `2m1s`, `3h`, `2d2h`. */
export function formatHumanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  // Clocks of two machines differ a little; kubectl forgives one second of the future.
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const unit = units.find(({ below }) => seconds < below);
  return unit === undefined ? "<invalid>" : formatIn(unit, seconds);
}

function formatIn({ name, seconds: unitSeconds, minor }: DurationUnit, seconds: number): string {
  const major = `${Math.floor(seconds / unitSeconds)}${name}`;
  if (minor === undefined || seconds >= minor.below) return major;
  const rest = Math.floor((seconds % unitSeconds) / minor.seconds);
  return rest === 0 ? major : `${major}${rest}${minor.name}`;
}

/** How long ago `timestamp` was, as a column shows it. */
export function formatAge(timestamp: string | undefined, nowMs: number): string {
  return timestamp === undefined ? "<unknown>" : formatHumanDuration(nowMs - Date.parse(timestamp));
}

export function ageOf({ creationTimestamp }: ObjectMeta, nowMs: number): string {
  return formatAge(creationTimestamp, nowMs);
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time as `describe` prints it (RFC 1123 with a numeric zone), in UTC. */
export function formatMoment(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  const day = String(date.getUTCDate()).padStart(2, "0");
  const clock = date.toISOString().slice(11, 19);
  const weekday = weekdays[date.getUTCDay()] ?? "";
  return `${weekday}, ${day} ${months[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()} ${clock} +0000`;
}
