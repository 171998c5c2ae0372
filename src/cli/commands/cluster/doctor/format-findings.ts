import type { Finding } from "#installer";

import { formatFinding } from "../../node/format-answer.ts";
import { bad, unknown } from "./finding.ts";

/** Findings about one kind of objects that a person is shown: a thousand nodes may have the same trouble. */
const ALIKE_MAX = 20;

export function formatFindings(findings: readonly Finding[]): string {
  const shown = shorten(findings);
  const width = shown.reduce((most, { name }) => Math.max(most, name.length), 0) + 2;
  return shown.map((finding) => formatFinding(finding, width)).join("");
}

/** The first ones of each kind, and how many more there are. */
function shorten(findings: readonly Finding[]): readonly Finding[] {
  const groups = Map.groupBy(findings, ({ name }) => name.split("/")[0] ?? name);
  return [...groups].flatMap(([kind, alike]) => {
    const rest = alike.slice(ALIKE_MAX);
    if (rest.length === 0) return alike;
    const more = rest.some(({ state }) => state === "bad") ? bad : unknown;
    return [...alike.slice(0, ALIKE_MAX), more(kind, `${String(rest.length)} more: -o json shows all`)];
  });
}
