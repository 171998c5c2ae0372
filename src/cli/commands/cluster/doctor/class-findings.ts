import { defaultHandlerOf, isRuntimeHandler, labels } from "#api";
import type { Finding } from "#installer";

import { type ClusterNode, servesHandler } from "../cluster-node.ts";
import { formatSelector, selectsNode, type WasmClass } from "../wasm-class.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { bad, good } from "./finding.ts";

/** Names that are told of many nodes. */
const NAMES_TOLD_MAX = 3;

/** Classes that are missing, name no handler of a node, or let pods go where nobody serves them. */
export function findClassTroubles(facts: ClusterFacts): readonly Finding[] {
  const { classes, nodes } = facts;
  if (classes === undefined) return [];
  const troubles = [...findMissing(facts), ...classes.flatMap((one) => judgeClass(one, nodes ?? [], facts))];
  if (troubles.length > 0) return troubles;
  if (classes.length > 0) {
    return [good("runtimeclasses", `${classes.map(({ name }) => name).join(", ")} lead to nodes that serve them`)];
  }
  return [bad("runtimeclasses", `none is for Wasm: make one with a handler of the runtime, such as "spin"`)];
}

/** What the operator is told to keep. */
function findMissing({ operators, classHandlers }: ClusterFacts): readonly Finding[] {
  const wishes = operators?.[0]?.settings?.runtimeClasses ?? [];
  if (classHandlers === undefined) return [];
  return wishes.flatMap(({ name, handler }) => {
    const known = classHandlers.get(name);
    if (known === handler) return [];
    const subject = `runtimeclass/${name}`;
    if (known === undefined) {
      return [bad(subject, "the operator is to keep it, and it is not there: see the operator's log")];
    }
    const advice = `kubectl delete runtimeclass ${name}, and the operator makes it anew, or take it out of the chart's runtimeClasses`;
    return [bad(subject, `it has the handler "${known}" and not "${handler}" as the chart asks for: ${advice}`)];
  });
}

function judgeClass(one: WasmClass, nodes: readonly ClusterNode[], facts: ClusterFacts): readonly Finding[] {
  const { name, handler } = one;
  const subject = `runtimeclass/${name}`;
  const isKnown = isRuntimeHandler(handler) || facts.shimHandlers.has(handler);
  if (!isKnown && !nodes.some((node) => servesHandler(node, handler))) {
    const ours = defaultHandlerOf(name) ?? "kwasm";
    const advice = `a handler cannot be changed, so delete the class and make it with the handler "${ours}"`;
    return [bad(subject, `no node serves its handler "${handler}": ${advice}`)];
  }
  const selected = nodes.filter((node) => selectsNode(one, node));
  // Where it waits for ready nodes, it is right; why none is ready is told of the nodes.
  const waitsForReady = Object.hasOwn(one.nodeSelector, labels.kwasmReady);
  if (selected.length === 0 && nodes.length > 0 && !waitsForReady) {
    return [
      bad(subject, `it selects nodes with ${formatSelector(one)}, and none has that: see 'kubectl kwasm status'`),
    ];
  }
  const wrong = selected.filter((node) => node.takesPods && !servesHandler(node, handler));
  return wrong.length === 0 ? [] : [bad(subject, adviceForWrongPlaces(one, wrong))];
}

function adviceForWrongPlaces(one: WasmClass, wrong: readonly ClusterNode[]): string {
  const names = namesOf(wrong);
  const selector = formatSelector(one);
  if (selector !== "") {
    return `it selects nodes with ${selector}, of which some do not serve "${one.handler}" (${names})`;
  }
  const seen = `its pods may be put on nodes that do not serve "${one.handler}" (${names})`;
  // K3s writes its manifests again, so what is changed there need not last.
  if (wrong.some(({ isOfK3s }) => isOfK3s) && one.name === one.handler) {
    return `${seen}, since K3s brings it without a selector: use the class "kwasm" instead, or provision those nodes too`;
  }
  const patch = JSON.stringify({ scheduling: { nodeSelector: { [labels.kwasmReady]: "true" } } });
  return `${seen}: kubectl patch runtimeclass ${one.name} --type=merge -p '${patch}', or provision those nodes too`;
}

function namesOf(nodes: readonly ClusterNode[]): string {
  const names = nodes.slice(0, NAMES_TOLD_MAX).map(({ name }) => name);
  const rest = nodes.length - names.length;
  return rest > 0 ? `${names.join(", ")} and ${String(rest)} more` : names.join(", ");
}
