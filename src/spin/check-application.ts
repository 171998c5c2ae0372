import { KwasmError } from "#base";
import type { SpinApplication, SpinComponent, SpinTrigger } from "./application.ts";
import { spinLimits } from "./limits.ts";
import { checkOutboundHosts } from "./outbound/outbound-hosts.ts";
import { addressOf } from "./plan/subscriptions.ts";
import { shown } from "./table.ts";
import { parseTemplate } from "./variables/template.ts";

/** Holds an application to what its parts say of each other; `name` is what messages call it. */
export function checkApplication(application: SpinApplication, name: string): SpinApplication {
  const { components, triggers, variables } = application;
  if (components.length > spinLimits.componentsMax) throw tooMany(name, "components", spinLimits.componentsMax);
  if (triggers.length > spinLimits.triggersMax) throw tooMany(name, "triggers", spinLimits.triggersMax);
  if (variables.size > spinLimits.variablesMax) throw tooMany(name, "variables", spinLimits.variablesMax);
  const ids = new Set<string>();
  for (const { id } of components) {
    if (ids.has(id)) throw refuse(name, `component "${shown(id)}" is there twice`);
    ids.add(id);
  }
  for (const trigger of triggers) checkTrigger(trigger, ids, application, name);
  for (const component of components) {
    checkOutboundHosts(component.allowedOutboundHosts);
    checkDependencies(component, ids, name);
    const templates = [...component.variables.map(([, template]) => template), ...component.allowedOutboundHosts];
    for (const template of templates) checkTemplate(template, variables, name);
  }
  return application;
}

function checkTrigger(
  trigger: SpinTrigger,
  ids: ReadonlySet<string>,
  application: SpinApplication,
  name: string,
): void {
  const component = componentOf(trigger);
  if (component !== undefined && !ids.has(component)) {
    throw refuse(name, `trigger "${shown(trigger.id)}" names no component "${shown(component)}"`);
  }
  if (trigger.kind !== "redis") return;
  for (const template of [trigger.channel, addressOf(trigger, application)]) {
    checkTemplate(template, application.variables, name);
  }
}

/** The component that a trigger runs; undefined where there is none, or nobody knows. */
function componentOf(trigger: SpinTrigger): string | undefined {
  if (trigger.kind === "command" || trigger.kind === "redis") return trigger.component;
  return trigger.kind === "http" && trigger.answer.kind === "component" ? trigger.answer.component : undefined;
}

function checkDependencies({ id, dependencies }: SpinComponent, ids: ReadonlySet<string>, name: string): void {
  for (const { name: wanted, source } of dependencies) {
    if (source.kind !== "component" || ids.has(source.component)) continue;
    const component = shown(source.component);
    throw refuse(name, `dependency "${shown(wanted)}" of component "${id}" names no component "${component}"`);
  }
}

function checkTemplate(template: string, variables: SpinApplication["variables"], name: string): void {
  for (const part of parseTemplate(template)) {
    if (part.kind === "variable" && !variables.has(part.name)) {
      throw refuse(
        name,
        `there is no variable "${shown(part.name)}" for a template to name; declare it in [variables]`,
      );
    }
  }
}

function tooMany(name: string, what: string, countMax: number): KwasmError {
  return new KwasmError("limit-exceeded", `read "${name}": it has more than ${String(countMax)} ${what}`);
}

function refuse(name: string, reason: string): KwasmError {
  return new KwasmError("invalid-argument", `read "${name}": ${reason}`);
}
