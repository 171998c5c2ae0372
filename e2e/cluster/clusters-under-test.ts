import { type ContainerdVersion, containerdVersions } from "../containerd/prefix.ts";

/** Whether there is time for all. */
export const isWholeRun = process.env["KWASM_E2E"] === "all";

/** The newest, which most clusters have soon; `npm run e2e` tests all, for which `npm test` has no time. */
export const clustersUnderTest: readonly ContainerdVersion[] = isWholeRun
  ? containerdVersions
  : containerdVersions.slice(-1);
