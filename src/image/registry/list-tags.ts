import { KwasmError } from "#base";
import { parseRemoteName } from "../reference.ts";
import type { RegistryAccess } from "./access.ts";
import { type RegistryClient, resolveLocation } from "./http/registry-client.ts";
import { readWhole } from "./http/transport.ts";

/** As many as a page is asked for; registries give fewer as they like. */
const PAGE_TAGS = 1000;

/**
 * All tags of a repository, as the registry itself lists them; distribution specification, "Listing Tags". `name` has
 * neither tag nor digest.
 */
export async function listTags(name: string, access: RegistryAccess, signal?: AbortSignal): Promise<readonly string[]> {
  const reference = parseRemoteName(name);
  if (reference.digest !== undefined || /:[^/]*$/.test(name)) {
    throw new KwasmError("invalid-argument", `listing tags of "${name}": write the name without tag and digest`);
  }
  const clients = await access.clientsFor(reference, signal);
  // A mirror has what it was asked for before; the list is the registry's own.
  const client = clients.at(-1) ?? clients[0];
  const tags = new Set<string>();
  let next: string | URL | undefined = `${client.repository}/tags/list?n=${PAGE_TAGS}`;
  for (let pages = 0; next !== undefined; pages++) {
    if (pages === access.limits.tagPagesMax) throw tooMany(name, `${pages} pages`);
    const page: TagPage = await readPage(client, next, access);
    for (const tag of page.tags) tags.add(tag);
    if (tags.size > access.limits.tagsMax) throw tooMany(name, `${access.limits.tagsMax} tags`);
    next = page.next;
  }
  return [...tags];
}

interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

function readPage(client: RegistryClient, path: string | URL, { limits }: RegistryAccess): Promise<TagPage> {
  const what = `tags of "${client.repository}" in "${client.endpoint.registry}"`;
  return client.retrying(async () => {
    const response = await client.send({ method: "GET", path, scopes: client.pullScopes(), accepted: [200] });
    const tags = parseTags(await readWhole(response, limits.tagListBytesMax, what), what);
    return { tags, next: nextOf(response.headers["link"], response.url, client) };
  });
}

/** Tags become parts of names, where each is read again as one. */
function parseTags(bytes: Uint8Array, what: string): readonly string[] {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new KwasmError("corrupt", `reading ${what}: it is no JSON document`, { cause: error });
  }
  const tags: unknown = typeof document === "object" && document !== null && "tags" in document ? document.tags : [];
  // Go's JSON writes an empty list as null.
  if (tags === null) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  throw new KwasmError("corrupt", `reading ${what}: "tags" is no list of texts`);
}

/** `Link: </v2/…?n=…&last=…>; rel="next"`, RFC 8288. Credentials stay with the registry, so it may not lead elsewhere. */
function nextOf(link: string | readonly string[] | undefined, from: URL, client: RegistryClient): URL | undefined {
  const text = typeof link === "string" ? link : (link ?? []).join(", ");
  const [, location] = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(text) ?? [];
  if (location === undefined) return undefined;
  const next = resolveLocation(location, from);
  if (next.origin === client.endpoint.base.origin) return next;
  throw new KwasmError("permission-denied", `listing tags of "${client.repository}": the next page is of another host`);
}

function tooMany(name: string, what: string): KwasmError {
  return new KwasmError("limit-exceeded", `listing tags of "${name}": there are more than ${what}; pull them by name`);
}
