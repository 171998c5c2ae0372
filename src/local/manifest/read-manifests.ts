import { defaultHandlerOf, isRuntimeHandler } from "#api";
import { nearestWord } from "#base";

import { DEFAULT_NAMESPACE, type KindDefinition, kindOf, kinds, type KubeObject } from "../kinds/index.ts";
import { Cursor, type FieldValidation, invalid, type Problem, ProblemList } from "../schema/index.ts";
import { groupOf, isKubernetesGroup, otherKindsOf } from "./known-kinds.ts";
import { readLimits } from "./limits.ts";
import { parseDocuments } from "./parse-documents.ts";

/** One file of a manifest, as text. */
export interface ManifestFile {
  /** Its name for messages, `-` for standard input. */
  readonly name: string;
  readonly text: string;
}

export interface ReadOptions {
  /** The namespace of objects that name none. */
  readonly namespace?: string;
  /** RuntimeClasses that are there already, by name. */
  readonly runtimeClasses?: ReadonlySet<string>;
  /** Whether unknown fields refuse a manifest, as kubectl does by default, or are warned of. */
  readonly fieldValidation?: FieldValidation;
}

export interface ManifestReading {
  /** Whole objects with their defaults; nothing of them may be started while there are problems. */
  readonly objects: readonly KubeObject[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Reads all files of one `kwasm up` together, so that what they share is checked too. Never throws. */
export function readManifests(files: readonly ManifestFile[], options: ReadOptions = {}): ManifestReading {
  const list = new ProblemList(options.fieldValidation ?? "strict");
  const documents = files.flatMap((file) => readFile(file, list));
  const admitted: Admitted[] = [];
  for (const document of documents) {
    if (list.isFull) break;
    if (admitted.length >= readLimits.objectsMax) {
      document.refuse(`more than ${readLimits.objectsMax} objects at once: start them in several steps`);
      break;
    }
    const object = readObject(document, options);
    if (object !== undefined) admitted.push({ object, cursor: document });
  }
  refuseRepeats(admitted);
  refuseUnknownRuntimeClasses(admitted, options.runtimeClasses ?? new Set());
  return { objects: admitted.map(({ object }) => object), problems: list.problems, warnings: list.warnings };
}

interface Admitted {
  readonly object: KubeObject;
  readonly cursor: Cursor;
}

function readFile({ name: file, text }: ManifestFile, list: ProblemList): readonly Cursor[] {
  const { documents, problems } = parseDocuments(text);
  for (const problem of problems) list.refuse({ ...problem, file, path: "" });
  return documents.flatMap((tree) => expandList(new Cursor(tree, { path: "", file, list })));
}

/** The items of a `List` (`kubectl get -o yaml` writes one), or the document itself. */
function expandList(document: Cursor): readonly Cursor[] {
  if (textOf(document, "kind") !== "List" || textOf(document, "apiVersion") !== "v1") return [document];
  return document.field("items")?.items().flatMap(expandList) ?? [];
}

function readObject(document: Cursor, options: ReadOptions): KubeObject | undefined {
  const definition = findDefinition(document);
  const object = definition?.read(document);
  if (definition?.isNamespaced !== true || object === undefined) return object;
  if (document.field("metadata")?.field("namespace") !== undefined) return object;
  return moveTo(object, options.namespace ?? DEFAULT_NAMESPACE);
}

function moveTo(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function findDefinition(document: Cursor): KindDefinition<KubeObject> | undefined {
  if (document.tree.kind !== "map") {
    document.refuse("a manifest's document must be a map with apiVersion, kind and metadata");
    return undefined;
  }
  const kind = textOf(document, "kind");
  const apiVersion = textOf(document, "apiVersion");
  if (kind === undefined) document.refuseMissing("kind", "a text such as Deployment");
  if (apiVersion === undefined) document.refuseMissing("apiVersion", "a text such as apps/v1");
  if (kind === undefined || apiVersion === undefined) return undefined;
  const definition = kindOf(kind);
  if (definition?.apiVersion === apiVersion) return definition;
  reportUnmatched(document, kind, apiVersion);
  return undefined;
}

function reportUnmatched(document: Cursor, kind: string, apiVersion: string): void {
  const group = groupOf(apiVersion);
  const definition = kindOf(kind);
  const noMatch = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`;
  if (definition !== undefined && (group === groupOf(definition.apiVersion) || isOldGroup(group))) {
    document.find("apiVersion").refuse(`${noMatch}: use apiVersion ${JSON.stringify(definition.apiVersion)}`);
  } else if (!isKubernetesGroup(group) || otherKindsOf(group).includes(kind)) {
    document.find("kind").warn(`kind ${kind} (${apiVersion}) is not supported here: the object is left out`);
  } else {
    const own = kinds.filter((known) => groupOf(known.apiVersion) === group).map((known) => known.kind);
    const near = nearestWord(kind, [...own, ...otherKindsOf(group)]) ?? nearestElsewhere(kind);
    document.find("kind").refuse(near === undefined ? noMatch : `${noMatch}; did you mean ${near}?`);
  }
}

/** `extensions/v1beta1`, where many kinds began, or a group that is another's for a supported kind: `v1` for `apps/v1`. */
function isOldGroup(group: string): boolean {
  return group === "extensions" || isKubernetesGroup(group);
}

function nearestElsewhere(kind: string): string | undefined {
  const near = nearestWord(
    kind,
    kinds.map((known) => known.kind),
  );
  return near === undefined ? undefined : `${near} (${kindOf(near)?.apiVersion ?? ""})`;
}

function textOf(cursor: Cursor, name: string): string | undefined {
  const tree = cursor.field(name)?.tree;
  return tree?.kind === "scalar" && typeof tree.value === "string" && tree.value !== "" ? tree.value : undefined;
}

function refuseRepeats(admitted: readonly Admitted[]): void {
  const seen = new Map<string, Cursor>();
  for (const { object, cursor } of admitted) {
    const { name, namespace = "" } = object.metadata;
    const key = `${object.kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, cursor);
      continue;
    }
    const place = cursor.find("metadata", "name");
    place.refuse(`Duplicate value: ${JSON.stringify(name)}: ${key} is in ${placeOf(first)} too`);
  }
}

function placeOf({ file, tree }: Cursor): string {
  return `${file}:${tree.at.line}`;
}

/** A pod names a RuntimeClass that is there, that comes with it, or that stands for a handler by its name. */
function refuseUnknownRuntimeClasses(admitted: readonly Admitted[], existing: ReadonlySet<string>): void {
  const classes = new Set(existing);
  for (const { object, cursor } of admitted) {
    if (object.kind !== "RuntimeClass") continue;
    classes.add(object.metadata.name);
    if (isRuntimeHandler(object.handler)) continue;
    cursor
      .find("handler")
      .warn(`no runtime here serves handler ${JSON.stringify(object.handler)}: pods of this class do not start`);
  }
  for (const { object, cursor } of admitted) {
    const specPath = podSpecPathOf(object);
    const place = specPath && cursor.find(...specPath, "runtimeClassName");
    const name = specPath && textOf(cursor.find(...specPath), "runtimeClassName");
    if (name === undefined || classes.has(name) || defaultHandlerOf(name) !== undefined) continue;
    place?.refuse(invalid(name, `RuntimeClass ${JSON.stringify(name)} not found: add one to the manifest`));
  }
}

function podSpecPathOf({ kind }: KubeObject): readonly string[] | undefined {
  if (kind === "Pod") return ["spec"];
  return kind === "Deployment" ? ["spec", "template", "spec"] : undefined;
}
