import type { SpinApplication, SpinComponent, SpinTrigger } from "../application.ts";
import { checkIdentifier } from "../identifiers.ts";
import { spinLimits } from "../limits.ts";
import { Table } from "../table.ts";
import { readComponent } from "./read-component.ts";
import { readExecutor, readRoute } from "./read-http-trigger.ts";
import { readChannel, readRedisAddress } from "./read-redis-trigger.ts";
import { readVariables } from "./read-variables.ts";

/** `spin_version = "1"`: one kind of trigger for all, and each component has its own. */
export function readVersion1(table: Table): SpinApplication {
  const common = table.table("trigger") ?? new Table({}, table.place("trigger"));
  const type = common.requiredText("type", spinLimits.nameLengthMax);
  const read = table.list("component", spinLimits.componentsMax).map((value, index) => {
    return readEntry(new Table(value, `${table.place("component")}, entry ${String(index + 1)}`), type);
  });
  const application = {
    name: table.requiredText("name", spinLimits.nameLengthMax),
    version: table.text("version") ?? "",
    description: table.text("description") ?? "",
    variables: readVariables(table),
    httpBase: common.text("base", spinLimits.routeLengthMax) ?? "/",
    ...(type === "redis" ? readRedisAddress(common) : {}),
    triggers: read.map(({ trigger }) => trigger),
    components: read.map(({ component }) => component),
  };
  table.ignore("authors", "namespace", "tool");
  table.refuseOthers();
  return application;
}

function readEntry(table: Table, type: string): { readonly trigger: SpinTrigger; readonly component: SpinComponent } {
  // Names of then are not held to kebab-case by Spin either.
  const id = checkIdentifier(table.requiredText("id").replaceAll("_", "-"), "kebab", table.place("id"));
  const trigger = table.table("trigger") ?? new Table({}, table.place("trigger"));
  const triggerId = `trigger--${id}`;
  const component = readComponent(id, table, "1");
  if (type === "command") return { trigger: { kind: "command", id: triggerId, component: id }, component };
  if (type === "redis") {
    const read = { kind: "redis", id: triggerId, component: id, ...readChannel(trigger) } as const;
    trigger.refuseOthers();
    return { trigger: read, component };
  }
  if (type !== "http") return { trigger: { kind: "other", id: triggerId, type }, component };
  const answer = { kind: "component", component: id, executor: readExecutor(trigger) } as const;
  const read = { kind: "http", id: triggerId, route: readRoute(trigger), answer } as const;
  trigger.refuseOthers();
  return { trigger: read, component };
}
