import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { KwasmError } from "#base";

import type { TlsOptions } from "./connection.ts";
import type { Credentials, CredentialsOptions, Section } from "./kubeconfig-section.ts";
import { fieldAt, listAt, textAt } from "./read-field.ts";

/** A login may wait for a person at a browser. */
const PLUGIN_MS_MAX = 5 * 60_000;
const PLUGIN_BYTES_MAX = 1024 * 1024;

/**
 * Credentials of a program, which cloud providers use:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins. It runs again when
 * its token has run out or was refused. A certificate of it is used as long as the process lives.
 */
export async function execCredentials(user: Section, options: CredentialsOptions): Promise<Credentials> {
  let current = await runPlugin(user, options);
  return {
    tls: tlsOf(current),
    async headers(isRefused) {
      if (isRefused === true || Date.parse(textAt(current, "expirationTimestamp") ?? "") <= Date.now()) {
        current = await runPlugin(user, options);
      }
      const token = textAt(current, "token");
      return token === undefined ? {} : { authorization: `Bearer ${token}` };
    },
  };
}

/** The status of the ExecCredential that the program writes. */
async function runPlugin({ value, directory }: Section, { env, server }: CredentialsOptions): Promise<unknown> {
  const exec = fieldAt(value, "exec");
  const command = textAt(exec, "command") ?? "";
  const apiVersion = textAt(exec, "apiVersion") ?? "client.authentication.k8s.io/v1";
  const request = { apiVersion, kind: "ExecCredential", spec: { interactive: false, cluster: { server } } };
  const variables = listAt(exec, "env").map((each): [string, string] => [
    textAt(each, "name") ?? "",
    textAt(each, "value") ?? "",
  ]);
  const answer = await run(
    // As client-go: a path is relative to the kubeconfig, a bare name is looked up.
    command.includes("/") ? resolve(directory, command) : command,
    listAt(exec, "args").map(String),
    { ...env, ...Object.fromEntries(variables), KUBERNETES_EXEC_INFO: JSON.stringify(request) },
  );
  const status = fieldAt(parseJson(answer, command), "status");
  if (status !== undefined) return status;
  throw new KwasmError("corrupt", `log in by "${command}": it wrote no ExecCredential with a status`);
}

async function run(command: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const options = { env, timeout: PLUGIN_MS_MAX, maxBuffer: PLUGIN_BYTES_MAX };
  try {
    return (await promisify(execFile)(command, words, options)).stdout;
  } catch (thrown) {
    const reason = textAt(thrown, "stderr")?.trim() || KwasmError.from(thrown, "start it").message;
    throw new KwasmError("permission-denied", `log in by "${command}": ${reason}`, { cause: thrown });
  }
}

function parseJson(text: string, command: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new KwasmError("corrupt", `log in by "${command}": what it wrote is no JSON`, { cause: thrown });
  }
}

function tlsOf(status: unknown): TlsOptions {
  const cert = textAt(status, "clientCertificateData");
  const key = textAt(status, "clientKeyData");
  return { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}
