import { KwasmError } from "#base";
import type { StringMap } from "../kinds/index.ts";

/** Characters of one selector on a command line. */
const SELECTOR_LENGTH_MAX = 4_096;

const requirementPattern =
  /^\s*(?:(?<absent>!)\s*(?<absentKey>[^\s!=,()]+)|(?<key>[^\s!=,()]+)(?:\s*(?<equal>==|=|!=)\s*(?<value>[^\s!=,()]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*$/u;

export type LabelMatcher = (labels: StringMap) => boolean;

/** Reads `a=b,c!=d,e in (f, g),h,!i`. Throws `invalid-argument` for anything else. */
export function parseLabelSelector(text: string): LabelMatcher {
  if (text.length > SELECTOR_LENGTH_MAX) {
    throw new KwasmError(
      "limit-exceeded",
      `read a label selector of "${text.length}" characters: at most "${SELECTOR_LENGTH_MAX}" are allowed`,
    );
  }
  const matchers = splitRequirements(text).map(parseRequirement);
  return (labels) => matchers.every((matches) => matches(labels));
}

/** At the commas that are not inside of parentheses. */
function splitRequirements(text: string): string[] {
  return text.trim() === "" ? [] : text.split(/,(?![^(]*\))/u);
}

function parseRequirement(text: string): LabelMatcher {
  const groups = requirementPattern.exec(text)?.groups;
  if (groups === undefined) {
    throw new KwasmError(
      "invalid-argument",
      `read label selector "${text}": write it as key=value, key!=value, key in (a,b), key or !key`,
    );
  }
  const { absentKey, key = "", equal, value = "", set, values = "" } = groups;
  if (absentKey !== undefined) return (labels) => !Object.hasOwn(labels, absentKey);
  if (equal === "!=") return (labels) => labels[key] !== value;
  if (equal !== undefined) return (labels) => labels[key] === value;
  if (set === undefined) return (labels) => Object.hasOwn(labels, key);
  const wanted = new Set(values.split(",").map((word) => word.trim()));
  return (labels) =>
    wanted.has(labels[key] ?? "") === (set === "in") && (set === "notin" || Object.hasOwn(labels, key));
}
