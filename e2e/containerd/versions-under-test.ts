import { type ContainerdVersion, containerdVersions } from "./prefix.ts";

/** The oldest, which asks most of a shim; `npm run e2e` tests all, for which `npm test` has no time. */
export const versionsUnderTest: readonly ContainerdVersion[] =
  process.env["KWASM_E2E"] === "all" ? containerdVersions : containerdVersions.slice(0, 1);
