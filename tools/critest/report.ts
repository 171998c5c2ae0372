import { readFileSync } from "node:fs";

export type TestResult = "failed" | "passed" | "skipped";

/** What is read of a report of ginkgo, types/types.go: what tests are called, and what became of them. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
}

/** The tests of a report by their whole names. */
export function readReport(path: string): ReadonlyMap<string, TestResult> {
  // Ginkgo writes one object for each suite.
  const suites = JSON.parse(readFileSync(path, "utf8")) as readonly { readonly SpecReports: readonly SpecReport[] }[];
  const tests = suites.flatMap(({ SpecReports }) => SpecReports).filter(({ LeafNodeType }) => LeafNodeType === "It");
  return new Map(tests.map((test) => [nameOf(test), resultOf(test.State)]));
}

function nameOf({ ContainerHierarchyTexts, LeafNodeText }: SpecReport): string {
  return [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(" ").replace("[k8s.io] ", "");
}

function resultOf(state: string): TestResult {
  if (state === "passed") return state;
  return state === "skipped" || state === "pending" ? "skipped" : "failed";
}
