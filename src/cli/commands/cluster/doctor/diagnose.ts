import type { Finding } from "#installer";

import { findClassTroubles } from "./class-findings.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { findNodeTroubles } from "./node-findings.ts";
import { findOperatorTroubles } from "./operator-findings.ts";
import { findPodTroubles } from "./pod-findings.ts";
import { findShimTroubles } from "./shim-findings.ts";

/** What is as it should be and what is not, from the operator to the pods. */
export function diagnose(facts: ClusterFacts): readonly Finding[] {
  return [
    ...findOperatorTroubles(facts),
    ...findNodeTroubles(facts),
    ...findClassTroubles(facts),
    ...findShimTroubles(facts),
    ...findPodTroubles(facts),
  ];
}
