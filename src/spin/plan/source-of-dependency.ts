import { KwasmError } from "#base";
import type { SpinComponent, SpinContent, SpinDependency } from "../application.ts";

/** Where the module of a dependency is; one of another component is that component's. */
export function sourceOfDependency(
  source: SpinDependency["source"],
  components: readonly SpinComponent[],
): SpinContent {
  if (source.kind !== "component") return source;
  const found = components.find(({ id }) => id === source.component);
  if (found !== undefined) return found.source;
  throw new KwasmError("internal", `find a dependency: there is no component "${source.component}"`);
}
