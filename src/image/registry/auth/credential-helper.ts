import { spawn } from "node:child_process";
import { KwasmError } from "#base";
import { type Credentials, credentialsOf } from "./credentials.ts";

/** Runs `docker-credential-NAME VERB` with `input`; resolves to what it wrote and its exit code. */
export type RunHelper = (name: string, verb: HelperVerb, input: string) => Promise<HelperAnswer>;

export interface HelperAnswer {
  readonly exitCode: number;
  readonly stdout: string;
}

type HelperVerb = "get" | "store" | "erase";

/** A name and a token; the longest tokens have some kB. */
const HELPER_OUTPUT_BYTES_MAX = 256 * 2 ** 10;

/** A helper may ask a person for a PIN, not for longer than this. */
const HELPER_MS_MAX = 120_000;

/** What helpers print for a server that they do not know; docker-credential-helpers, credentials/error.go. */
const notFoundText = "credentials not found in native keychain";

/** A helper's name becomes that of a program, so it must not lead to another folder. */
const helperNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A program that keeps credentials, by docker's protocol. */
export class CredentialHelper {
  readonly #name: string;
  readonly #run: RunHelper;

  constructor(name: string, run: RunHelper) {
    if (!helperNamePattern.test(name)) {
      throw new KwasmError(
        "invalid-argument",
        `finding credential helper "${name}": a name has letters, digits and . _ -`,
      );
    }
    this.#name = name;
    this.#run = run;
  }

  async get(server: string): Promise<Credentials | undefined> {
    const { exitCode, stdout } = await this.#run(this.#name, "get", server);
    if (exitCode !== 0) {
      if (stdout.trim() === notFoundText) return undefined;
      throw this.#failed("get", server, exitCode);
    }
    const { Username: username, Secret: secret } = parseAnswer(stdout, this.#name);
    if (typeof username !== "string" || typeof secret !== "string") throw malformed(this.#name);
    return credentialsOf(username, secret);
  }

  async store(server: string, username: string, secret: string): Promise<void> {
    const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
    const { exitCode } = await this.#run(this.#name, "store", input);
    if (exitCode !== 0) throw this.#failed("store", server, exitCode);
  }

  async erase(server: string): Promise<void> {
    const { exitCode, stdout } = await this.#run(this.#name, "erase", server);
    if (exitCode !== 0 && stdout.trim() !== notFoundText) throw this.#failed("erase", server, exitCode);
  }

  /** What it wrote is left out: it may be a secret. */
  #failed(verb: HelperVerb, server: string, exitCode: number): KwasmError {
    const command = `docker-credential-${this.#name} ${verb}`;
    return new KwasmError(
      "failed-precondition",
      `asking "${command}" for "${server}": it ended with ${exitCode}; run it by hand`,
    );
  }
}

function parseAnswer(text: string, name: string): { readonly Username?: unknown; readonly Secret?: unknown } {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // The parser's message would quote what may be a secret.
    throw malformed(name);
  }
  return typeof answer === "object" && answer !== null ? answer : {};
}

function malformed(name: string): KwasmError {
  return new KwasmError("corrupt", `asking "docker-credential-${name}": it answered no user and secret`);
}

/** Helpers of this machine, found by PATH. */
export function runHelper(name: string, verb: HelperVerb, input: string): Promise<HelperAnswer> {
  const program = `docker-credential-${name}`;
  const { promise, resolve, reject } = Promise.withResolvers<HelperAnswer>();
  const child = spawn(program, [verb], { stdio: ["pipe", "pipe", "ignore"], timeout: HELPER_MS_MAX });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > HELPER_OUTPUT_BYTES_MAX) child.kill("SIGKILL");
    else chunks.push(chunk);
  });
  child.on("error", (error) => reject(KwasmError.from(error, `starting "${program}"`)));
  child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout: Buffer.concat(chunks).toString() }));
  // A helper may end without reading what it got.
  child.stdin.on("error", () => child.stdin.destroy()).end(input);
  return promise;
}
