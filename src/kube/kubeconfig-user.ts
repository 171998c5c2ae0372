import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { KwasmError } from "#base";

import { execCredentials } from "./exec-credential.ts";
import { type Credentials, type CredentialsOptions, readData, type Section } from "./kubeconfig-section.ts";
import { fieldAt, textAt } from "./read-field.ts";

/** A certificate, a token, a file with one, a password, or a program that gives one of them. */
export async function createCredentials(user: Section | undefined, options: CredentialsOptions): Promise<Credentials> {
  if (user === undefined) return { tls: {}, headers: () => Promise.resolve({}) };
  const action = "read the user of the kubeconfig";
  if (fieldAt(user.value, "auth-provider") !== undefined) {
    throw new KwasmError("unsupported", `${action}: Kubernetes 1.26 dropped its "auth-provider"; use "exec"`);
  }
  if (fieldAt(user.value, "exec") !== undefined) return execCredentials(user, options);
  const cert = await readData(user, "client-certificate", action);
  const key = await readData(user, "client-key", action);
  return {
    tls: { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    headers: async () => ({ ...(await authorizationOf(user)), ...impersonationOf(user.value) }),
  };
}

async function authorizationOf({ value, directory }: Section): Promise<Readonly<Record<string, string>>> {
  const file = textAt(value, "tokenFile");
  const token = file === undefined ? textAt(value, "token") : await readToken(resolve(directory, file));
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  const name = textAt(value, "username");
  if (name === undefined) return {};
  const pair = Buffer.from(`${name}:${textAt(value, "password") ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (thrown) {
    throw KwasmError.from(thrown, `read the token of the kubeconfig from "${path}"`);
  }
}

function impersonationOf(user: unknown): Readonly<Record<string, string>> {
  const name = textAt(user, "as");
  return name === undefined ? {} : { "impersonate-user": name };
}
