import { fieldAt, type KubeObject, listAt, numberAt, textAt } from "#kube";

/** A `Shim` as far as the operator looks at it. Its fields may be anything: it may be older than the schema. */
export interface ShimView {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly isLeaving: boolean;
  readonly finalizers: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** One that names no platform is for all of them. */
  readonly artifacts: readonly Artifact[];
  readonly runtimeClass: string;
  readonly handler: string;
  readonly options: Readonly<Record<string, string>>;
  /** Nodes that may be worked on at once. */
  readonly maxUpdate: number;
  /** What was told last of its state. */
  readonly status: unknown;
}

/** An archive with the shim's program. */
export interface Artifact {
  readonly arch: Architecture | undefined;
  readonly location: string;
  readonly sha256: string | undefined;
}

/** As Nodes name it. */
export type Architecture = (typeof architectures)[keyof typeof architectures];

/** By the names of Go and of uname, as runtime-class-manager takes them. */
const architectures = { amd64: "amd64", x86_64: "amd64", arm64: "arm64", aarch64: "arm64" } as const;

/** Far more than machines have kinds of processors. */
const PLATFORMS_MAX = 16;
/** Of a selector and of options; nobody writes a tenth of it. */
const PAIRS_MAX = 100;

export function viewShim(shim: KubeObject): ShimView {
  const { metadata, spec, status } = shim;
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    generation: metadata.generation ?? 0,
    createdAt: metadata.creationTimestamp ?? "",
    isLeaving: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    nodeSelector: pairsAt(spec, "nodeSelector"),
    artifacts: artifactsOf(fieldAt(spec, "fetchStrategy")),
    runtimeClass: textAt(spec, "runtimeClass", "name") ?? "",
    handler: textAt(spec, "runtimeClass", "handler") ?? "",
    options: pairsAt(spec, "containerdRuntimeOptions"),
    maxUpdate: maxUpdateOf(fieldAt(spec, "rolloutStrategy")),
    status,
  };
}

/** Platforms take precedence, as in runtime-class-manager. */
function artifactsOf(fetchStrategy: unknown): readonly Artifact[] {
  const platforms = listAt(fetchStrategy, "platforms").slice(0, PLATFORMS_MAX);
  if (platforms.length > 0) {
    return platforms.flatMap((platform) => {
      const arch = architectureOf(textAt(platform, "arch"));
      return arch === undefined ? [] : [artifactOf(platform, arch)];
    });
  }
  const anonymous = fieldAt(fetchStrategy, "anonHttp");
  return anonymous === undefined ? [] : [artifactOf(anonymous, undefined)];
}

function artifactOf(value: unknown, arch: Architecture | undefined): Artifact {
  return { arch, location: textAt(value, "location") ?? "", sha256: textAt(value, "sha256")?.toLowerCase() };
}

export function architectureOf(name: string | undefined): Architecture | undefined {
  const known = Object.entries(architectures).find(([one]) => one === name);
  return known?.[1];
}

/** One node after the other where nothing else is said: each of them restarts its containerd. */
function maxUpdateOf(rollout: unknown): number {
  if (textAt(rollout, "type") === "recreate") return Infinity;
  return Math.max(1, numberAt(rollout, "rolling", "maxUpdate") ?? 1);
}

function pairsAt(value: unknown, name: string): Readonly<Record<string, string>> {
  const field = fieldAt(value, name);
  if (typeof field !== "object" || field === null) return {};
  const pairs = Object.entries(field).slice(0, PAIRS_MAX);
  return Object.fromEntries(
    pairs.flatMap(([key, one]: [string, unknown]) => (typeof one === "string" ? [[key, one]] : [])),
  );
}
