import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { annotations, defaultHandlerOf, isRuntimeHandler, parseOutboundHosts } from "#api";
import { KwasmError } from "#base";
import type { ImageContent, PullSecret } from "#image";
import type { WorkloadSpec } from "#node";
import type { Container, Pod } from "../kinds/index.ts";
import { containerLogPath } from "../store/state-paths.ts";
import { findProgram } from "./container-program.ts";
import { buildEnvironment } from "./environment.ts";
import { memoryLimitOf } from "./memory-limit.ts";
import { type PodContext, recordPodEvent } from "./pod-context.ts";
import type { PodFiles } from "./pod-files.ts";
import type { PodSandbox } from "./pod-sandbox.ts";
import { sandboxIdOf } from "./pod-shares.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { serviceNames } from "./service-names.ts";

/** Why a container cannot be started yet, in Kubernetes' words. */
export interface Blocked {
  readonly reason: string;
  readonly message: string;
  /** The event that tells of it. */
  readonly event: "Failed" | "FailedMount" | "FailedCreatePodSandBox";
}

export type Prepared =
  | {
      readonly spec: WorkloadSpec;
      readonly imageID: string;
      /** What to say of its image. */
      readonly pulled: string;
    }
  | { readonly blocked: Blocked };

export interface Preparation {
  readonly context: PodContext;
  /** As it is stored now. */
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  readonly openSandbox: () => Promise<PodSandbox>;
  readonly files: PodFiles;
  /** Aborts when the pod is to end. */
  readonly signal: AbortSignal;
}

class BlockedError extends Error {
  readonly blocked: Blocked;

  constructor(blocked: Blocked) {
    super(blocked.message);
    this.name = "BlockedError";
    this.blocked = blocked;
  }
}

/** Does everything that comes before a guest's first instruction. Never rejects: what is in the way is the answer. */
export async function prepareContainer(preparation: Preparation): Promise<Prepared> {
  try {
    return await prepareSteps(preparation);
  } catch (error) {
    if (error instanceof BlockedError) return { blocked: error.blocked };
    const { message } = KwasmError.from(error, "prepare the container");
    return { blocked: { reason: "CreateContainerError", message, event: "Failed" } };
  }
}

async function prepareSteps(preparation: Preparation): Promise<Prepared> {
  const { context, pod, container, files } = preparation;
  checkRuntimeClass(context, pod);
  const sandbox = await step("ContainerCreating", "FailedCreatePodSandBox", preparation.openSandbox);
  const sources = objectSources(context, pod);
  await step("ContainerCreating", "FailedMount", () =>
    files.prepare(sandbox.address, serviceNames(context.store), sources),
  );
  const { image, pulled } = await openContainerImage(preparation);
  const env = await step("CreateContainerConfigError", "Failed", () => {
    const services = pod.spec.enableServiceLinks ? context.store.list("Service", pod.metadata.namespace) : [];
    const { nodeName } = context;
    const common = {
      pod,
      podIP: sandbox.address,
      nodeName,
      imageEnv: image.kind === "spin" ? [] : image.config.env,
      serviceEnv: serviceEnvironment(services),
    };
    return buildEnvironment(container, { ...common, ...sources });
  });
  const spec = await step("CreateContainerError", "Failed", () => specOf(preparation, image, env));
  return { spec, imageID: image.digest, pulled };
}

/** ConfigMaps and Secrets of a pod's own namespace, which are all that it may name. */
export function objectSources(context: Pick<PodContext, "store">, pod: Pod) {
  const { namespace } = pod.metadata;
  return {
    configMap: (name: string) => context.store.get("ConfigMap", name, namespace),
    secret: (name: string) => context.store.get("Secret", name, namespace),
  };
}

async function step<Result>(
  reason: string,
  event: Blocked["event"],
  action: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw new BlockedError({ reason, message: KwasmError.from(error, "prepare the container").message, event });
  }
}

/** A class that nobody has created is fine where its name says its handler, as in every tutorial. */
function checkRuntimeClass(context: PodContext, pod: Pod): void {
  const name = pod.spec.runtimeClassName;
  if (name === undefined) return;
  const handler = context.store.get("RuntimeClass", name)?.handler ?? defaultHandlerOf(name);
  if (handler !== undefined && isRuntimeHandler(handler)) return;
  const message =
    handler === undefined
      ? `RuntimeClass "${name}" not found; apply its manifest too`
      : `RuntimeClass "${name}" has handler "${handler}", which does not run Wasm; use "kwasm"`;
  throw new BlockedError({ reason: "CreateContainerConfigError", message, event: "Failed" });
}

async function openContainerImage(
  preparation: Preparation,
): Promise<{ readonly image: ImageContent; readonly pulled: string }> {
  const { context, pod, container, signal } = preparation;
  const { image: name, imagePullPolicy: policy } = container;
  let pulled = `Container image "${name}" already present on machine`;
  const onPull = (): void => {
    pulled = `Successfully pulled image "${name}"`;
    recordPodEvent(context, pod, { type: "Normal", reason: "Pulling", message: `Pulling image "${name}"` });
  };
  try {
    const secrets = (): readonly PullSecret[] => pullSecretsOf(context, pod);
    return { image: await context.images.open(name, { policy, secrets, signal, onPull }), pulled };
  } catch (error) {
    const failure = KwasmError.from(error, `open image "${name}"`);
    const isNever = policy === "Never" && failure.code === "not-found";
    const reason =
      failure.code === "invalid-argument" ? "InvalidImageName" : isNever ? "ErrImageNeverPull" : "ErrImagePull";
    throw new BlockedError({ reason, message: failure.message, event: "Failed" });
  }
}

/** Those that are there: a pod may name one that is made later, or never, as for the kubelet. */
function pullSecretsOf({ store }: PodContext, { metadata, spec }: Pod): readonly PullSecret[] {
  return (spec.imagePullSecrets ?? []).flatMap(({ name }) => {
    const secret = store.get("Secret", name, metadata.namespace);
    if (secret === undefined) return [];
    const data = Object.entries(secret.data).map(
      ([key, text]) => [key, Buffer.from(text, "base64").toString()] as const,
    );
    return [{ name, type: secret.type, data: new Map(data) }];
  });
}

async function specOf(
  preparation: Preparation,
  image: ImageContent,
  env: ReadonlyMap<string, string>,
): Promise<WorkloadSpec> {
  const { context, pod, container, restartCount, files } = preparation;
  const { network = networkOf(pod), ...program } = await findProgram(preparation, image, env);
  return {
    id: `${pod.metadata.uid ?? pod.metadata.name}_${container.name}_${restartCount}`,
    sandboxId: sandboxIdOf(pod, container.name),
    displayName: `${pod.metadata.namespace}/${pod.metadata.name}/${container.name}`,
    ...program,
    env: [...env],
    mounts: files.mountsOf(container, image.kind === "spin" ? undefined : image.root),
    output: { kind: "log", path: await openLogFolder(context, pod, container, restartCount) },
    ...(network === undefined ? {} : { network }),
    memoryBytesMax: memoryLimitOf(container),
  };
}

/** The network of pods here is the machine's own, with its name servers. */
function networkOf({ metadata }: Pod): WorkloadSpec["network"] {
  const outbound = parseOutboundHosts(metadata.annotations[annotations.allowedOutboundHosts]);
  return outbound.length === 0 ? undefined : { outbound, binds: [] };
}

/** Makes the folder and forgets all runs but the one before, which `logs --previous` shows. */
async function openLogFolder(context: PodContext, pod: Pod, container: Container, run: number): Promise<string> {
  const { namespace, name, uid = name } = pod.metadata;
  const folder = context.paths.podLogDir({ namespace, name, uid });
  const path = containerLogPath(folder, container.name, run);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const forgotten = containerLogPath(folder, container.name, run - 2);
  await rm(forgotten, { force: true });
  await rm(`${forgotten}.1`, { force: true });
  return path;
}
