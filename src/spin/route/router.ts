/** What Spin's HTTP trigger does with a path: crates/http/src/routes.rs of Spin, over the crate routefinder. */

type Segment =
  | { readonly kind: "exact"; readonly text: string }
  /** Any one segment, by its name. */
  | { readonly kind: "named"; readonly name: string }
  /** All that is left, which may be nothing; only at the end. */
  | { readonly kind: "rest" };

interface Route<Target> {
  readonly target: Target;
  /** As written, and with the application's base before it. */
  readonly raw: string;
  readonly based: string;
  readonly segments: readonly Segment[];
}

export interface RouteMatch<Target> {
  readonly target: Target;
  readonly rawRoute: string;
  readonly basedRoute: string;
  /** What the wildcard at the end stands for, with its slash; empty where there is none. */
  readonly rest: string;
  readonly named: readonly (readonly [name: string, value: string])[];
}

interface RoutedTo<Target> {
  readonly route: string;
  readonly target: Target;
}

/** Finds the route of a path: exact segments go before named ones, those before wildcards, and the longest wins. */
export class Router<Target> {
  readonly #routes: readonly Route<Target>[];

  /** Of routes that are the same, the last one counts. */
  constructor(base: string, routes: readonly RoutedTo<Target>[]) {
    const last = new Map(routes.map(({ route, target }) => [route, target]));
    this.#routes = [...last].map(([raw, target]) => parseRoute(base, raw, target)).toSorted(compareRoutes);
  }

  /** `path` is without its query, and as it was asked for. */
  match(path: string): RouteMatch<Target> | undefined {
    const trimmed = trimSlashes(path);
    const parts = trimmed === "" ? [] : trimmed.split("/");
    for (const route of this.#routes) {
      const captures = matchSegments(route.segments, parts);
      if (captures === undefined) continue;
      const { target, raw, based } = route;
      return { target, rawRoute: raw, basedRoute: based, named: captures.named, rest: restOf(captures.rest, path) };
    }
    return undefined;
  }
}

function parseRoute<Target>(base: string, raw: string, target: Target): Route<Target> {
  const based = `${withoutSlash(base)}${withoutSlash(raw.startsWith("/") ? raw : `/${raw}`)}`;
  const isWild = /\/(?:\.\.\.|\*)$/u.test(based);
  const trimmed = trimSlashes(isWild ? based.slice(0, based.lastIndexOf("/")) : based);
  const segments = (trimmed === "" ? [] : trimmed.split("/")).map(parseSegment);
  return { target, raw, based, segments: isWild ? [...segments, { kind: "rest" }] : segments };
}

function parseSegment(text: string): Segment {
  return text.startsWith(":") ? { kind: "named", name: text.slice(1) } : { kind: "exact", text };
}

interface Captures {
  readonly named: readonly (readonly [name: string, value: string])[];
  readonly rest: string | undefined;
}

function matchSegments(segments: readonly Segment[], parts: readonly string[]): Captures | undefined {
  const named: (readonly [string, string])[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === "rest") return { named, rest: parts.slice(index).join("/") };
    const part = parts[index];
    if (part === undefined || (segment.kind === "exact" && part !== segment.text)) return undefined;
    if (segment.kind === "named") named.push([segment.name, part]);
  }
  return parts.length === segments.length ? { named, rest: undefined } : undefined;
}

/** Spin keeps a slash at the end of what its wildcard stands for. */
function restOf(rest: string | undefined, path: string): string {
  if (rest === undefined) return "";
  const end = path.endsWith("/") ? "/" : "";
  return rest === "" ? end : `/${rest}${end}`;
}

const order = { exact: 0, named: 1, rest: 2 } as const;

function compareRoutes(left: Route<unknown>, right: Route<unknown>): number {
  const count = Math.max(left.segments.length, right.segments.length);
  for (let index = 0; index < count; index++) {
    const difference = rankAt(left, index) - rankAt(right, index);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A route that has ended stands between one that goes on and one that takes anything. */
function rankAt({ segments }: Route<unknown>, index: number): number {
  const segment = segments[index];
  return segment === undefined ? 1.5 : order[segment.kind];
}

function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

/** By hand: a pattern for both ends would look at each run of slashes again and again. */
function trimSlashes(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === "/") start++;
  while (end > start && text[end - 1] === "/") end--;
  return text.slice(start, end);
}
