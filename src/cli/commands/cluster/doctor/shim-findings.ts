import type { Finding } from "#installer";
import { conditionOf } from "#operator";

import type { ClusterFacts } from "./cluster-facts.ts";
import { bad, unknown } from "./finding.ts";

/** Shims of others that are not served everywhere they are to be. */
export function findShimTroubles({ shims = [] }: ClusterFacts): readonly Finding[] {
  return shims.flatMap(({ metadata, status }) => {
    const [ready, stalled] = ["Ready", "Stalled"].map((type) => conditionOf(status, type));
    const subject = `shim/${metadata.name}`;
    if (ready?.status === "True") return [];
    if (ready === undefined) return [bad(subject, "no operator has said anything of it: see the operator's log")];
    const text = `${ready.reason}: ${ready.message}`;
    return [stalled?.status === "True" ? bad(subject, text) : unknown(subject, text)];
  });
}
