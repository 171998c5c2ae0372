import { checkLogin } from "#image";
import { KwasmError } from "#base";

import { askLine } from "../frame/ask-line.ts";
import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { optionalOne } from "./operands.ts";
import { openCredentialStore, openRegistryAccess, registryOptions } from "./registry-access.ts";
import { registryNameOf } from "./registry-name.ts";

/** Longest password that is read; tokens of clouds have up to some kB. */
const PASSWORD_BYTES_MAX = 64 * 2 ** 10;

export const loginCommand = defineCommand({
  name: "login",
  summary: "Log in to a registry",
  operands: "[REGISTRY]",
  description: `
Asks a registry (docker.io where none is named) whether it takes a user and a password, and keeps them where docker does:
in the credential helper that docker's config.json names, else in that file. At a terminal it asks for what is missing.

  pass show registry | kwasm login -u ada --password-stdin registry.local:5000`,
  options: {
    username: { short: "u", value: "USER", summary: "Name of the user" },
    password: { short: "p", value: "PASSWORD", summary: "Password; others see it in the list of processes" },
    "password-stdin": { summary: "Read the password from standard input" },
    ...registryOptions,
  },
  async run({ options, operands }, io) {
    const registry = registryNameOf(optionalOne(operands) ?? "docker.io");
    // Who pipes the password in has no terminal to be asked at.
    const mayAsk = io.stdin.isTTY === true && !options["password-stdin"];
    const username = options.username ?? (mayAsk ? await askLine(io, "Username: ") : undefined);
    if (username === undefined || username === "") throw new KwasmError("invalid-argument", "-u USER is missing");
    const password = await findPassword(options, mayAsk, io);
    if (password === undefined || password === "") {
      throw new KwasmError("invalid-argument", "the password is missing: give it by --password-stdin");
    }
    const store = openCredentialStore(options, io);
    using access = openRegistryAccess(options, io);
    await checkLogin(registry, { username, password }, access, io.interrupted());
    await store.store(registry, username, password);
    io.stdout.write("Login Succeeded!\n");
    return EXIT_OK;
  },
});

interface PasswordOptions {
  readonly password?: string | undefined;
  readonly "password-stdin": boolean;
}

async function findPassword(options: PasswordOptions, mayAsk: boolean, io: Io): Promise<string | undefined> {
  if (options["password-stdin"]) return readPassword(io);
  if (options.password !== undefined || !mayAsk) return options.password;
  return askLine(io, "Password: ", { isSecret: true });
}

/** All of the input but the end of its last line, as docker and podman. */
async function readPassword({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Standard input has no encoding set, so what it yields are bytes; a test's may be text.
  for await (const chunk of stdin as AsyncIterable<Uint8Array | string>) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > PASSWORD_BYTES_MAX) {
      throw new KwasmError("limit-exceeded", `read the password: it passes ${PASSWORD_BYTES_MAX} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, "");
}
