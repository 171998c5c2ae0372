import type { HostInterface } from "#engine";
import { type Answer, err, ok } from "./answer.ts";

type Variables = readonly (readonly [name: string, value: string])[];

/** `lower_snake_case`, the only names that there are. */
const namePattern = /^[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*$/;

/** Characters of a guest's word that an error says back. */
const shownLengthMax = 256;

/** `fermyon:spin/variables@2.0.0`, and `spin:variables/variables@3.0.0`, which is the same for those who may wait. */
export function variablesInterface(variables: Variables): HostInterface {
  const values = new Map(variables);
  return { functions: { get: (name: string) => valueOf(name, values) }, resources: {} };
}

function valueOf(name: string, values: ReadonlyMap<string, string>): Answer {
  const value = values.get(name);
  if (value !== undefined) return ok(value);
  const shown = name.slice(0, shownLengthMax);
  if (!namePattern.test(name)) return err("invalid-name", `"${shown}" is not in lower_snake_case`);
  return err("undefined", `no variable for "${shown}"; name it in the component's "variables"`);
}

/** `fermyon:spin/config` of Spin 1, whose errors have other names. */
export function unversionedConfigInterface(variables: Variables): HostInterface {
  const values = new Map(variables);
  return { functions: { "get-config": (key: string) => renamed(valueOf(key, values)) }, resources: {} };
}

const unversionedErrors: Readonly<Record<string, string>> = { "invalid-name": "invalid-key", undefined: "provider" };

function renamed(answer: Answer): Answer {
  if (answer.tag === "ok") return answer;
  return err(unversionedErrors[answer.value.tag] ?? "other", answer.value.value);
}

/** `wasi:config/store@0.2.0-draft-2024-09-27`: the same variables by other names. */
export function configInterface(variables: Variables): HostInterface {
  const values = new Map(variables);
  // A name that nobody has is no error here.
  const get = (name: string): Answer => ({ tag: "ok", value: values.get(name) });
  return { functions: { get, "get-all": () => ok([...values]) }, resources: {} };
}
