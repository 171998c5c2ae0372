import type { CoreModules } from "../core-modules.ts";
import type { CoreInstances } from "../instance/core-instances.ts";
import type { Frame } from "../instance/frame.ts";
import type { Item } from "../instance/items.ts";
import type { Store } from "../task/store.ts";
import type { ComponentType } from "../types/types.ts";
import type { HostImports } from "../values.ts";

/** What an instance is made in: its memory is counted, and what waits in it is kept, with that of others. */
export interface LinkPlace {
  readonly core: CoreInstances;
  readonly store: Store;
  readonly coreModules: CoreModules;
  readonly unknown: HostImports["unknown"];
}

/** A component, or a module that becomes one, of which instances can be linked to others. */
export interface Linkable {
  readonly type: ComponentType;
  /** Counts the memory of one instance and of what is linked to it. */
  readonly createCore: () => CoreInstances;
  /** Makes an instance with an item for each import. */
  make(imports: ReadonlyMap<string, Item>, place: LinkPlace): Frame;
}
