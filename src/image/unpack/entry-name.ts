import { KwasmError } from "#base";
import type { ImageLimits } from "../limits.ts";

/** Refuses an entry of a layer; every refusal names the entry. */
export function refuse(name: string, reason: string): KwasmError {
  return new KwasmError("permission-denied", `unpacking entry "${name.slice(0, 200)}" of a layer: ${reason}`);
}

/**
 * Splits an entry's name into its segments; none for the root itself. `./a//b/` is what tools write for `a/b`, while
 * an absolute name or one with `..` is never written by them.
 */
export function splitEntryName(name: string, limits: ImageLimits): readonly string[] {
  if (name.startsWith("/")) throw refuse(name, "its name is absolute");
  if (name.includes("\0")) throw refuse(name, "its name holds a zero byte");
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse(name, 'its name holds ".."');
  checkLengths(name, segments, limits);
  return segments;
}

/**
 * The target under which a symbolic link is made. An absolute target means the image's root and becomes relative, so
 * that whoever follows it on this machine stays inside. One that climbs out is refused. Other links on its way are not
 * looked at: whoever follows links resolves them one by one below the root (findFile here, the engine's own walk).
 */
export function makeLinkTarget(segments: readonly string[], target: string, limits: ImageLimits): string {
  const name = segments.join("/");
  if (target === "" || target.includes("\0")) throw refuse(name, "its link target is empty or holds a zero byte");
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  checkLengths(name, parts, limits);
  const parents = segments.length - 1;
  let depth = target.startsWith("/") ? 0 : parents;
  for (const part of parts) {
    depth += part === ".." ? -1 : 1;
    if (depth < 0) throw refuse(name, `it links to "${target}", outside of the image`);
  }
  if (!target.startsWith("/")) return target;
  return [...Array.from({ length: parents }, () => ".."), ...parts].join("/") || ".";
}

function checkLengths(name: string, segments: readonly string[], limits: ImageLimits): void {
  const isTooLong =
    Buffer.byteLength(segments.join("/")) > limits.pathBytesMax ||
    segments.length > limits.pathDepthMax ||
    segments.some((segment) => Buffer.byteLength(segment) > limits.pathSegmentBytesMax);
  if (!isTooLong) return;
  throw new KwasmError(
    "limit-exceeded",
    `unpacking entry "${name.slice(0, 200)}" of a layer: its path passes ${limits.pathBytesMax} bytes, ` +
      `${limits.pathDepthMax} folders or ${limits.pathSegmentBytesMax} bytes in one name`,
  );
}
