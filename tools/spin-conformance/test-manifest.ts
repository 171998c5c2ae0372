import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A header that an answer has to have, or may have; without a value, any one. */
export interface ExpectedHeader {
  readonly name: string;
  readonly value?: string;
  readonly optional?: boolean;
}

/** One request, and what is to come of it: docs/test-manifest.md of the suite. */
export interface Invocation {
  readonly request: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: readonly { readonly name: string; readonly value: string }[];
    readonly body?: string;
  };
  readonly response: {
    readonly status?: number;
    readonly headers?: readonly ExpectedHeader[];
    readonly body?: string;
  };
}

export interface TestManifest {
  readonly invocations: readonly Invocation[];
  /** What has to be there, such as a server of some kind. */
  readonly preconditions?: readonly { readonly kind: string }[];
}

/** Reads `test.json5`. What the suite has of JSON5 is YAML too; the suite is trusted to be what it says. */
export function readTestManifest(path: string): TestManifest {
  return parse(readFileSync(path, "utf8")) as TestManifest;
}

/** Puts values in the places of `%{KEY=NAME}`. Throws for a place that nobody knows. */
export function fillPlaces(text: string, value: (key: string, name: string) => string | undefined): string {
  return text.replaceAll(/%\{(?<key>[^=}]*)=(?<name>[^}]*)\}/gu, (place, key: string, name: string) => {
    const found = value(key.trim(), name.trim());
    if (found === undefined) throw new Error(`nothing stands for "${place}"`);
    return found;
  });
}
