import { KwasmError } from "#base";
import type {
  HttpAnswer,
  Inheritance,
  SpinApplication,
  SpinComponent,
  SpinContent,
  SpinDependency,
  SpinFiles,
  SpinTrigger,
  SpinVariable,
} from "../application.ts";
import { checkApplication } from "../check-application.ts";
import { spinLimits } from "../limits.ts";
import { checkDependencyName } from "../manifest/read-dependencies.ts";
import { readExecutor, readRoute, readStaticResponse } from "../manifest/read-http-trigger.ts";
import { readChannel, readRedisAddress } from "../manifest/read-redis-trigger.ts";
import { malformed, shown, Table } from "../table.ts";

/** Features that a locked application may need of its host. */
const hostFeatures: ReadonlySet<string> = new Set(["local_service_chaining"]);
const understood: ReadonlySet<string> = new Set(["host_requirements", "component_host_requirements"]);

/**
 * Reads a locked application, as artifacts of `spin registry push` have it (crates/locked-app/src/locked.rs of Spin):
 * `spin_lock_version` 0 or 1. Fields that are not known are passed over, but for those that must be understood.
 */
export function readLockedApplication(text: string, name = "the locked application"): SpinApplication {
  if (text.length > spinLimits.lockedLengthMax) {
    const most = String(spinLimits.lockedLengthMax);
    throw new KwasmError("limit-exceeded", `read "${name}": it has more than ${most} characters`);
  }
  const table = new Table(parseJson(text, name), `"${name}"`);
  const version = table.wholeNumber("spin_lock_version");
  if (version !== 0 && version !== 1) {
    throw new KwasmError(
      "unsupported",
      `read "${name}": spin_lock_version ${String(version)} is not known; 0 and 1 are`,
    );
  }
  checkUnderstood(table);
  const components = table.list("components", spinLimits.componentsMax);
  const metadata = table.table("metadata");
  return checkApplication(
    {
      ...readNames(metadata ?? new Table({}, table.place("metadata"))),
      httpBase: httpBaseOf(metadata),
      ...readRedisAddress(metadata?.table("triggers")?.table("redis") ?? metadata?.table("trigger")),
      variables: readVariables(table),
      triggers: table.list("triggers", spinLimits.triggersMax).map((value) => readTrigger(value, name)),
      components: components.map((value) => readComponent(new Table(value, `a component of "${name}"`))),
    },
    name,
  );
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new KwasmError("invalid-argument", `read "${name}": it is no JSON`, { cause: error });
  }
}

function checkUnderstood(table: Table): void {
  const unknown = table.texts("must_understand").find((word) => !understood.has(word));
  if (unknown !== undefined) throw unmet(table, unknown);
  checkFeatures(table);
}

function checkFeatures(table: Table): void {
  for (const [feature, need] of table.table("host_requirements")?.entries() ?? []) {
    if (need !== "optional" && !hostFeatures.has(feature)) throw unmet(table, feature);
  }
}

function unmet(table: Table, feature: string): KwasmError {
  return new KwasmError("unsupported", `read ${table.place(feature)}: it is needed and not offered here`);
}

function readNames(metadata: Table): Pick<SpinApplication, "name" | "version" | "description" | "imageDigest"> {
  const imageDigest = metadata.text("oci_image_digest", spinLimits.nameLengthMax);
  return {
    name: metadata.text("name", spinLimits.nameLengthMax) ?? "",
    version: metadata.text("version") ?? "",
    description: metadata.text("description") ?? "",
    ...(imageDigest === undefined ? {} : { imageDigest }),
  };
}

/** `metadata.triggers.http.base`, or `metadata.trigger.base` of older ones. */
function httpBaseOf(metadata: Table | undefined): string {
  const now = metadata?.table("triggers")?.table("http")?.text("base", spinLimits.routeLengthMax);
  return now ?? metadata?.table("trigger")?.text("base", spinLimits.routeLengthMax) ?? "/";
}

function readVariables(table: Table): ReadonlyMap<string, SpinVariable> {
  const variables = table.table("variables");
  const read = new Map<string, SpinVariable>();
  for (const [name, value] of variables?.entries() ?? []) {
    const variable = new Table(value, variables?.place(name) ?? name);
    const preset = variable.text("default");
    read.set(name, {
      ...(preset === undefined ? {} : { default: preset }),
      isSecret: variable.flag("secret"),
      description: variable.text("description") ?? "",
    });
  }
  return read;
}

function readTrigger(value: unknown, name: string): SpinTrigger {
  const table = new Table(value, `a trigger of "${name}"`);
  const id = table.requiredText("id", spinLimits.nameLengthMax);
  const type = table.requiredText("trigger_type", spinLimits.nameLengthMax);
  const config = table.table("trigger_config") ?? new Table({}, table.place("trigger_config"));
  if (type === "command") {
    return { kind: "command", id, component: config.requiredText("component", spinLimits.nameLengthMax) };
  }
  if (type === "redis") {
    const component = config.requiredText("component", spinLimits.nameLengthMax);
    return { kind: "redis", id, component, ...readChannel(config) };
  }
  if (type !== "http") return { kind: "other", id, type };
  return { kind: "http", id, route: readRoute(config), answer: readAnswer(config) };
}

function readAnswer(config: Table): HttpAnswer {
  const response = readStaticResponse(config);
  if (response !== undefined) return response;
  const component = config.requiredText("component", spinLimits.nameLengthMax);
  return { kind: "component", component, executor: readExecutor(config) };
}

function readComponent(table: Table): SpinComponent {
  checkFeatures(table);
  const metadata = table.table("metadata") ?? new Table({}, table.place("metadata"));
  const source = table.table("source") ?? new Table({}, table.place("source"));
  return {
    id: table.requiredText("id", spinLimits.nameLengthMax),
    description: metadata.text("description") ?? "",
    source: readContent(source),
    environment: table.pairs("env"),
    files: table
      .list("files", spinLimits.filesSeenMax)
      .map((value) => readFile(new Table(value, table.place("files")))),
    excludeFiles: [],
    allowedOutboundHosts: metadata.texts("allowed_outbound_hosts"),
    keyValueStores: metadata.texts("key_value_stores"),
    sqliteDatabases: metadata.texts("databases").concat(metadata.texts("sqlite_databases")),
    aiModels: metadata.texts("ai_models"),
    variables: table.pairs("config"),
    dependencies: readDependencies(table),
  };
}

function readDependencies(component: Table): readonly SpinDependency[] {
  const table = component.table("dependencies");
  return (table?.entries() ?? []).map(([name, value]) => {
    const place = table?.place(name) ?? name;
    const dependency = new Table(value, place);
    const exported = dependency.text("export", spinLimits.nameLengthMax);
    return {
      name: checkDependencyName(name, place),
      source: readContent(dependency.table("source") ?? new Table({}, dependency.place("source"))),
      ...(exported === undefined ? {} : { export: exported }),
      inherits: readInheritance(dependency),
    };
  });
}

/** `"All"`, or `{ "Some": […] }`, which is nothing where it is left out. */
function readInheritance(dependency: Table): Inheritance {
  if (dependency.any("inherit") === "All") return "all";
  return dependency.table("inherit")?.texts("Some") ?? [];
}

/** A file of its own, or the directory of a `file:` URL that is mounted whole. */
function readFile(table: Table): SpinFiles {
  const content = readContent(table);
  const path = table.requiredText("path");
  if (content.kind === "path") return { kind: "directory", source: content.path, destination: path };
  return { kind: "content", content, path };
}

/** Content stands in the document itself where it can, and else is known by its digest. */
function readContent(table: Table): SpinContent {
  const inline = table.text("inline", spinLimits.inlineBytesMax * 2);
  if (inline !== undefined) return { kind: "inline", bytes: decode(inline, table) };
  const digest = table.text("digest");
  if (digest !== undefined) {
    if (/^sha256:[0-9a-f]{64}$/u.test(digest)) return { kind: "digest", digest };
    throw table.refuse("digest", "a digest of sha256");
  }
  const source = table.requiredText("source");
  if (source.startsWith("file://")) return { kind: "path", path: decodeURIComponent(source.slice("file://".length)) };
  throw new KwasmError("unsupported", `read ${table.place("source")}: "${shown(source)}" is no file`);
}

function decode(text: string, table: Table): Uint8Array {
  if (!/^[\w+/-]*={0,2}$/u.test(text)) throw malformed(table.place("inline"), "base64");
  const bytes = Buffer.from(text, "base64");
  if (bytes.length <= spinLimits.inlineBytesMax) return bytes;
  throw new KwasmError("limit-exceeded", `read ${table.place("inline")}: it is too large to stand inline`);
}
