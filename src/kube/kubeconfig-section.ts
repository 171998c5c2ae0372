import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { KwasmError } from "#base";

import type { KubeConnection, TlsOptions } from "./connection.ts";
import { textAt } from "./read-field.ts";

/** A value of a file, and the folder that its relative paths start from. */
export interface Section {
  readonly value: unknown;
  readonly directory: string;
}

/** How a user shows who it is. */
export interface Credentials {
  readonly tls: TlsOptions;
  readonly headers: KubeConnection["headers"];
}

export interface CredentialsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly server: string;
}

/** What stands in `<field>-data` as base64, or in the file that `<field>` names. */
export async function readData(
  { value, directory }: Section,
  field: string,
  action: string,
): Promise<Buffer | undefined> {
  const data = textAt(value, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, "base64");
  const path = textAt(value, field);
  if (path === undefined) return undefined;
  try {
    return await readFile(resolve(directory, path));
  } catch (thrown) {
    throw KwasmError.from(thrown, `${action}: read "${path}"`);
  }
}
