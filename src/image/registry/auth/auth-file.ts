import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { KwasmError, writeFileAtomic } from "#base";
import { basicHeader, type Credentials } from "./credentials.ts";

/** Files of credentials have a line or two for each registry; with helpers' caches, some kB. */
const AUTH_FILE_BYTES_MAX = 2 ** 20;

type JsonRecord = Readonly<Record<string, unknown>>;

/** Docker's config.json and podman's auth.json, as far as credentials go. What else is in it is kept. */
export class AuthFile {
  readonly path: string;
  readonly #document: JsonRecord;

  static read(path: string): AuthFile {
    if (!existsSync(path)) return new AuthFile(path, {});
    try {
      const { size } = statSync(path);
      if (size > AUTH_FILE_BYTES_MAX) {
        throw new KwasmError("limit-exceeded", `reading "${path}": ${size} bytes pass ${AUTH_FILE_BYTES_MAX}`);
      }
      return AuthFile.parse(readFileSync(path, "utf8"), path);
    } catch (error) {
      throw KwasmError.from(error, `reading "${path}"`);
    }
  }

  static parse(text: string, path: string): AuthFile {
    let document: unknown;
    try {
      document = JSON.parse(text.trim() === "" ? "{}" : text);
    } catch {
      // The parser's message would quote what may be a secret.
      throw new KwasmError("corrupt", `reading "${path}": it is no JSON document`);
    }
    return new AuthFile(path, requireRecord(document, `"${path}"`));
  }

  constructor(path: string, document: JsonRecord) {
    this.path = path;
    this.#document = document;
  }

  /** The helper that keeps a registry's credentials. */
  helperFor(key: string): string | undefined {
    const own = this.#record("credHelpers")[key];
    const name = own ?? this.#document["credsStore"];
    return typeof name === "string" && name !== "" ? name : undefined;
  }

  get(key: string): Credentials | undefined {
    const auths = this.#record("auths");
    const found = Object.keys(auths).find((name) => normaliseKey(name) === key);
    if (found === undefined) return undefined;
    const entry = requireRecord(auths[found], `"auths" of "${this.path}"`);
    const { identitytoken: token, auth } = entry;
    if (typeof token === "string" && token !== "") return { kind: "identity-token", token };
    if (typeof auth === "string" && auth !== "") return this.#decode(auth);
    const { username, password } = entry;
    if (typeof username !== "string" || typeof password !== "string") return undefined;
    return { kind: "password", username, password };
  }

  /** Writes with credentials for `key`, or without any; false where there were none. */
  write(key: string, credentials: { readonly username: string; readonly password: string } | undefined): boolean {
    const auths = Object.entries(this.#record("auths"));
    const others = auths.filter(([name]) => normaliseKey(name) !== key);
    if (credentials === undefined && others.length === auths.length) return false;
    const { username, password } = credentials ?? {};
    const auth = basicHeader(username ?? "", password ?? "").slice("Basic ".length);
    const own = credentials === undefined ? [] : [[serverKeyOf(key), { auth }] as const];
    const document = { ...this.#document, auths: Object.fromEntries([...others, ...own]) };
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    writeFileAtomic(this.path, `${JSON.stringify(document, undefined, "\t")}\n`, 0o600);
    return true;
  }

  #decode(auth: string): Credentials {
    const text = Buffer.from(auth, "base64").toString();
    const colon = text.indexOf(":");
    if (colon > 0) return { kind: "password", username: text.slice(0, colon), password: text.slice(colon + 1) };
    throw new KwasmError("corrupt", `reading "${this.path}": an "auth" is no user and password in base64`);
  }

  #record(name: string): JsonRecord {
    const value = this.#document[name];
    return value == null ? {} : requireRecord(value, `"${name}" of "${this.path}"`);
  }
}

/** The name under which docker and podman both keep Docker Hub's credentials. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** As `normaliseKey` gives it, back to what tools write and hand to helpers. */
export function serverKeyOf(key: string): string {
  return key === "docker.io" ? DOCKER_HUB_KEY : key;
}

/** `https://registry.example/v1/` of old docker files is `registry.example`; paths under a registry are podman's. */
function normaliseKey(text: string): string {
  const name = text.replace(/^https?:\/\//, "").replace(/\/(?:v1|v2)?\/?$/, "");
  return name === "index.docker.io" || name === "registry-1.docker.io" ? "docker.io" : name;
}

function requireRecord(value: unknown, where: string): JsonRecord {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRecord;
  throw new KwasmError("corrupt", `reading ${where}: it is no JSON object`);
}
