import { posix } from "node:path";

import type { ConfigurationPlace } from "../presets/preset.ts";
import { editAdoptedDropIns, editDropIn } from "./edits.ts";
import { criTableOf, formatHandlers, isAdopted } from "./handlers.ts";
import { keepOthers } from "./keep-others.ts";
import type { ConfigurationPlan, PlanInputs } from "./plan.ts";
import { handlersOfDropIn, parseConfiguration, versionOf } from "./read-configuration.ts";

type DropInPlace = Extract<ConfigurationPlace, { kind: "drop-in" }>;

/** k0s reads the files of a folder beside its own, and merges what they say of runtimes. */
export function planDropIn(inputs: PlanInputs, { main, path }: DropInPlace): ConfigurationPlan {
  const { host, containerdMajor } = inputs;
  const text = host.readFile(main)?.content.toString() ?? "";
  const configuration = parseConfiguration(main, text);
  const version = "version" in configuration ? versionOf(configuration) : containerdMajor >= 2 ? 3 : 2;
  const folder = posix.dirname(path);
  const neighbours = host.list(folder).map((name) => posix.join(folder, name));
  const others = neighbours
    .filter((neighbour) => neighbour !== path && neighbour.endsWith(".toml"))
    .flatMap((neighbour) => handlersOfDropIn(host, neighbour))
    .filter((handler) => !isAdopted(handler));
  const { handlers, kept } = keepOthers(inputs.handlers, others, `a file in "${folder}" has it`);
  const tables = formatHandlers(criTableOf(version, containerdMajor), handlers);
  const adopted = editAdoptedDropIns(inputs, folder, path);
  return {
    edits: [...adopted, editDropIn(inputs, path, version, tables)],
    handlers,
    kept,
    adopted: adopted.map((edit) => edit.path),
    check: { kind: "file", path },
  };
}
