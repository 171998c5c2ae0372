import type { HttpAnswer, SpinApplication, SpinComponent, SpinTrigger } from "../application.ts";
import { KwasmError } from "#base";
import { checkIdentifier } from "../identifiers.ts";
import { spinLimits } from "../limits.ts";
import { malformed, shown, Table } from "../table.ts";
import { readComponent } from "./read-component.ts";
import { readExecutor, readRoute, readStaticResponse } from "./read-http-trigger.ts";
import { readChannel, readRedisAddress } from "./read-redis-trigger.ts";
import { readVariables } from "./read-variables.ts";

/** `spin_manifest_version = 2`: crates/manifest/src/schema/v2.rs of Spin. */
export function readVersion2(table: Table): SpinApplication {
  const application = table.table("application") ?? new Table({}, table.place("application"));
  const reader = new TriggerReader();
  const triggers = reader.read(table);
  const components = table.table("component");
  const named = components?.entries().map(([id, value]) => {
    const where = components.place(id);
    return readComponent(checkIdentifier(id, "kebab", where), new Table(value, where), "2");
  });
  const common = application.table("trigger");
  const http = common?.table("http");
  const read = {
    name: application.requiredText("name", spinLimits.nameLengthMax),
    version: application.text("version") ?? "",
    description: application.text("description") ?? "",
    variables: readVariables(table),
    httpBase: http?.text("base", spinLimits.routeLengthMax) ?? "/",
    ...readRedisAddress(common?.table("redis")),
    triggers,
    components: [...(named ?? []), ...reader.inline],
  };
  application.ignore("authors", "targets", "tool");
  application.refuseOthers();
  table.refuseOthers();
  return read;
}

/** Reads `[[trigger.TYPE]]`, and the components that are written out in there. */
class TriggerReader {
  readonly inline: SpinComponent[] = [];

  read(table: Table): readonly SpinTrigger[] {
    const types = table.table("trigger");
    if (types === undefined) throw malformed(table.place("trigger"), "there; write [[trigger.http]]");
    const read = types.entries().flatMap(([type]) =>
      types.list(type, spinLimits.triggersMax).map((value, index) => {
        const where = `${types.place(type)}, entry ${String(index + 1)}`;
        return this.#trigger(type, new Table(value, where), { index, where });
      }),
    );
    return read;
  }

  #trigger(type: string, table: Table, at: { readonly index: number; readonly where: string }): SpinTrigger {
    const id = table.text("id", spinLimits.nameLengthMax) ?? `trigger-${type}-${String(at.index)}`;
    if (type === "command") return this.#command(table, id, at.where);
    if (type === "redis") return this.#redis(table, id, at.where);
    if (type !== "http") return { kind: "other", id, type };
    const answer = this.#answer(table, id, at.where);
    const route = readRoute(table);
    checkMiddleware(table, at.where);
    table.refuseOthers();
    return { kind: "http", id, route, answer };
  }

  #command(table: Table, id: string, where: string): SpinTrigger {
    const component = this.#requiredComponent(table, id);
    checkMiddleware(table, where);
    table.refuseOthers();
    return { kind: "command", id, component };
  }

  #redis(table: Table, id: string, where: string): SpinTrigger {
    const component = this.#requiredComponent(table, id);
    const channel = readChannel(table);
    checkMiddleware(table, where);
    table.refuseOthers();
    return { kind: "redis", id, component, ...channel };
  }

  #requiredComponent(table: Table, id: string): string {
    const component = this.#component(table, id);
    if (component === undefined) throw malformed(table.place("component"), "there; name what is run");
    return component;
  }

  #answer(table: Table, id: string, where: string): HttpAnswer {
    const response = readStaticResponse(table);
    const component = this.#component(table, id);
    const executor = readExecutor(table);
    if (response !== undefined && component === undefined) return response;
    if (response === undefined && component !== undefined) return { kind: "component", component, executor };
    throw new KwasmError("invalid-argument", `read ${where}: write either "component" or "static_response"`);
  }

  #component(table: Table, triggerId: string): string | undefined {
    if (!table.has("component")) return undefined;
    const where = table.place("component");
    const value = table.any("component");
    if (typeof value === "string") return checkIdentifier(value, "kebab", where);
    const id = `${shown(triggerId)}-component`;
    this.inline.push(readComponent(id, new Table(value, where), "2"));
    return id;
  }
}

/** What stands before a trigger's component, which Spin calls middleware. */
function checkMiddleware(table: Table, where: string): void {
  for (const key of ["components", "dependencies"]) {
    if ((table.table(key)?.entries() ?? []).length === 0) continue;
    throw new KwasmError("unsupported", `read ${where}: dependencies of triggers are not run here; leave "${key}" out`);
  }
}
