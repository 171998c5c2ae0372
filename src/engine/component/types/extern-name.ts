/** What a name of an import or export says, taken apart. */
export type ExternName =
  | { readonly kind: "plain"; readonly label: string }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly label: string }
  | { readonly kind: "interface"; readonly path: string; readonly version: string | undefined };

const word = "[a-z][0-9a-z]*|[A-Z][0-9A-Z]*";
const laterWord = "[0-9a-z]+|[0-9A-Z]+";
const labelText = `(?:${word})(?:-(?:${laterWord}))*`;
const words = "[a-z][0-9a-z]*(?:-[0-9a-z]+)*";
const label = new RegExp(`^${labelText}$`);
const interfacePath = new RegExp(`^${words}:${words}/${labelText}$`);
const annotated = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/;
/** https://semver.org, and the canonical versions that stand for all that are compatible. */
const version =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;
const canonicalVersion = /^(?:[1-9]\d*|0\.[1-9]\d*)$/;

/** Whether a name is in kebab case: words in lower case or acronyms in upper case, with hyphens between. */
export function isLabel(name: string): boolean {
  return label.test(name);
}

export function isVersion(text: string): boolean {
  return version.test(text);
}

/** Takes a name apart; undefined where it is none. */
export function parseExternName(name: string): ExternName | undefined {
  const annotation = annotated.exec(name);
  if (annotation !== null) return annotatedName(annotation);
  if (isLabel(name)) return { kind: "plain", label: name };
  const at = name.indexOf("@");
  const path = at === -1 ? name : name.slice(0, at);
  if (!interfacePath.test(path)) return undefined;
  if (at === -1) return { kind: "interface", path, version: undefined };
  const text = name.slice(at + 1);
  if (!isVersion(text) && !canonicalVersion.test(text)) return undefined;
  return { kind: "interface", path, version: text };
}

function annotatedName([, annotation, resource = "", member]: RegExpExecArray): ExternName | undefined {
  if (!isLabel(resource)) return undefined;
  if (annotation === "constructor") return member === undefined ? { kind: "constructor", resource } : undefined;
  if (member === undefined || !isLabel(member)) return undefined;
  return { kind: annotation === "method" ? "method" : "static", resource, label: member };
}

/** Two names that have the same key may not stand in one scope: languages would write them alike. */
export function uniquenessKey(name: string): string {
  const parsed = parseExternName(name);
  if (parsed === undefined) return name.toLowerCase();
  switch (parsed.kind) {
    case "plain":
    case "interface":
      return name.toLowerCase();
    case "constructor":
      return `[constructor]${parsed.resource.toLowerCase()}`;
    case "method":
    case "static": {
      const member = parsed.label.toLowerCase();
      const resource = parsed.resource.toLowerCase();
      return member === resource ? member : `${resource}.${member}`;
    }
  }
}

/**
 * The key under which compatible versions of an interface meet: 0.2.x and 0.2.y are one, as are 1.x and 1.y; versions
 * with a pre-release tag, and those below 0.1, stand alone.
 */
export function compatibilityKey(name: string): string {
  const known = knownKeys.get(name);
  if (known !== undefined) return known;
  // Names are guests' own: what is kept of them has an end.
  if (knownKeys.size >= knownKeysMax) knownKeys.clear();
  const key = makeCompatibilityKey(name);
  knownKeys.set(name, key);
  return key;
}

/** Each instance of a component asks for the same few names. */
const knownKeys = new Map<string, string>();
const knownKeysMax = 1_024;

function makeCompatibilityKey(name: string): string {
  const parsed = parseExternName(name);
  if (parsed?.kind !== "interface" || parsed.version === undefined) return name;
  const [numbers = "", ...rest] = parsed.version.split(/(?=[-+])/);
  if (rest.some((part) => part.startsWith("-"))) return name;
  const [major = "0", minor] = numbers.split(".");
  if (major !== "0") return `${parsed.path}@${major}`;
  return minor === undefined || minor === "0" ? name : `${parsed.path}@0.${minor}`;
}
