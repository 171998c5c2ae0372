import { type DescribeLine, line } from "./kind.ts";
import type { ObjectMeta, StringMap } from "./object.ts";

/** Characters of an annotation's line, as kubectl cuts it. */
const ANNOTATION_CHARS_MAX = 140;
/** What `kubectl apply` keeps for itself; the whole manifest in one line helps nobody. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** `Labels:` with one label a line, sorted. */
export function describeLabels(level: number, title: string, labels: StringMap): readonly DescribeLine[] {
  const lines = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${labels[key] ?? ""}`);
  return titled(level, title, lines);
}

export function describeAnnotations(level: number, annotations: StringMap): readonly DescribeLine[] {
  const keys = Object.keys(annotations).filter((key) => key !== LAST_APPLIED);
  const lines = keys.toSorted().flatMap((key) => annotationLines(key, annotations[key] ?? ""));
  return titled(level, "Annotations:", lines);
}

/** The first lines of every object in a namespace. */
export function describeIdentity({ name, namespace }: ObjectMeta): readonly DescribeLine[] {
  return [line(0, "Name:", name), line(0, "Namespace:", namespace ?? "")];
}

function annotationLines(key: string, value: string): readonly string[] {
  const text = value.endsWith("\n") ? value.slice(0, -1) : value;
  const isShort = key.length + text.length + 2 <= ANNOTATION_CHARS_MAX && !text.includes("\n");
  if (isShort) return [`${key}: ${text}`];
  return [`${key}:`, ...text.split("\n").map((part) => `  ${shorten(part)}`)];
}

function shorten(part: string): string {
  const charsMax = ANNOTATION_CHARS_MAX - 2;
  return part.length > charsMax ? `${part.slice(0, charsMax)}...` : part;
}

function titled(level: number, title: string, lines: readonly string[]): readonly DescribeLine[] {
  if (lines.length === 0) return [line(level, title, "<none>")];
  return lines.map((text, index) => line(level, index === 0 ? title : "", text));
}
