const BYTES_STEP = 1000;
const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** A size as docker and podman print it: three digits and a decimal unit. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= BYTES_STEP && unit < byteUnits.length - 1) {
    value /= BYTES_STEP;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))}${byteUnits[unit]}`;
}

const ageUnits = [
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3600 },
  { name: "minute", seconds: 60 },
  { name: "second", seconds: 1 },
] as const;

/** How long ago something was, in its largest whole unit. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - thenMs) / 1000));
  const unit = ageUnits.find((candidate) => seconds >= candidate.seconds) ?? ageUnits[ageUnits.length - 1];
  const count = Math.floor(seconds / (unit?.seconds ?? 1));
  return `${count} ${unit?.name ?? "second"}${count === 1 ? "" : "s"} ago`;
}
