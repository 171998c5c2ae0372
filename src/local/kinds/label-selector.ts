import type { LabelSelector, LabelSelectorRequirement, StringMap } from "./object.ts";

/** Whether labels satisfy a selector. An empty selector matches everything, as in Kubernetes. */
export function matchesSelector(selector: LabelSelector, labels: StringMap): boolean {
  return matchesLabels(selector.matchLabels, labels) && selector.matchExpressions.every((one) => matches(one, labels));
}

/** Whether `labels` has every label of `wanted`. */
export function matchesLabels(wanted: StringMap, labels: StringMap): boolean {
  return Object.entries(wanted).every(([key, value]) => labelOf(labels, key) === value);
}

/** A selector in the short form of `-l` and of `describe`: `app=web,tier in (a,b),!old`. */
export function formatSelector(selector: LabelSelector): string {
  const equalities = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  const terms = [...equalities, ...selector.matchExpressions.map(formatRequirement)];
  return terms.length === 0 ? "<none>" : terms.toSorted().join(",");
}

function matches({ key, operator, values }: LabelSelectorRequirement, labels: StringMap): boolean {
  const value = labelOf(labels, key);
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  const isListed = value !== undefined && values.includes(value);
  return operator === "In" ? isListed : !isListed;
}

/** `constructor` is a label like any other; it must not be found on the map's prototype. */
function labelOf(labels: StringMap, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function formatRequirement({ key, operator, values }: LabelSelectorRequirement): string {
  const list = `(${values.toSorted().join(",")})`;
  const forms = { In: `${key} in ${list}`, NotIn: `${key} notin ${list}`, Exists: key, DoesNotExist: `!${key}` };
  return forms[operator];
}
