import { KwasmError } from "#base";
import { DEFAULT_NAMESPACE, type KubeObject, type LocalClient, type ObjectKey } from "#local";

import { defineCommand } from "../frame/command.ts";
import { printDiagnostic } from "../frame/diagnostics.ts";
import { EXIT_CANCELLED, EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { parseDurationMs } from "../frame/parse-values.ts";
import { connectControl, connectControlIfKnown } from "./control.ts";
import { followPods } from "./follow-pods.ts";
import { openImageStore } from "./image-store.ts";
import { describeApplications } from "./spin/application-objects.ts";
import { isApplication } from "./spin/build-application.ts";
import { buildLocalImages } from "./local-images.ts";
import { readManifestFiles } from "./manifest-files.ts";
import { requireSome } from "./operands.ts";
import { listPodsOf } from "./owned-pods.ts";
import { groupedKindOf, keyOf, resourceOptions } from "./resource-arguments.ts";
import { describeAddresses } from "./service-addresses.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

export const upCommand = defineCommand({
  name: "up",
  summary: "Run Kubernetes manifests on this machine",
  operands: "(FILE | DIR | spin.toml | -)…",
  description: `
Makes this machine run what the manifests describe, and waits until it does. What runs already and is the same is left
alone. Without -d the logs follow, and Ctrl-C deletes what the manifests describe.

An image that the local store does not have is built where its guest lies beside the manifest: for image hello:v1 the
module hello.wasm, or the folder hello with a spin.toml, a module of that name or source. Any other is pulled from its
registry. A file that ends in .toml is a Spin application: its image is built, and a Deployment and a Service of its name
run it, with the variables SPIN_VARIABLE_NAME of this environment.

  kwasm up -d examples/quickstart
  kwasm up spin.toml
  kubectl create deployment web --image=web --dry-run=client -o yaml | kwasm up -`,
  options: {
    detach: { short: "d", summary: "Return once everything is ready, and leave it running" },
    build: { summary: "Build such images again, also those that the store has, and components by their commands" },
    timeout: { value: "DURATION", summary: "How long to wait until everything is ready (default 2m)" },
    namespace: resourceOptions.namespace,
  },
  async run({ options, operands, stateDirectory }, io) {
    const namespace = options.namespace ?? DEFAULT_NAMESPACE;
    const timeoutMs = parseDurationMs(options.timeout ?? "2m", "--timeout");
    // The manifests are read before control is started: nothing begins for those that are wrong.
    const known = await connectControlIfKnown(stateDirectory);
    const store = openImageStore(stateDirectory);
    const [applications, manifests] = partition(requireSome(operands, "FILE"), isApplication);
    const written = await describeApplications(applications, { store, isForced: options.build }, io);
    const objects = await readManifestFiles(manifests, { namespace, client: known, written }, io);
    await buildLocalImages(objects, { manifests, store, isForced: options.build }, io);
    const client = known ?? (await connectControl(stateDirectory));
    await apply(client, objects, io);
    const interrupted = io.interrupted();
    if (options.detach) {
      await settle(client, objects, { io, signal: AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)]) });
      return EXIT_OK;
    }
    await follow(client, objects, { io, signal: interrupted });
    await stop(client, objects, io);
    return EXIT_CANCELLED;
  },
});

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [first: Item[], second: Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

async function apply(client: LocalClient, objects: readonly KubeObject[], io: Io): Promise<void> {
  for (const { key, outcome } of await client.apply(objects)) {
    io.stdout.write(`${groupedKindOf(key.kind)}/${key.name} ${outcome}\n`);
  }
}

interface Settling {
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Waits for the pods, then shows where the Services are. How far it is, only a person wants to see. */
async function settle(client: LocalClient, objects: readonly KubeObject[], { io, signal }: Settling): Promise<void> {
  const progress = (line: string): void => void (io.stderr.isTTY === true && io.stderr.write(`${line}\n`));
  await waitUntilReady(client, objects, { signal, progress });
  for (const { kind, metadata } of objects) {
    if (kind === "Deployment") io.stdout.write(`deployment "${metadata.name}" successfully rolled out\n`);
  }
  const services = objects.filter((object) => object.kind === "Service");
  for (const { metadata } of services) {
    for (const line of await describeAddresses(client, metadata, signal)) io.stdout.write(`${line}\n`);
  }
}

/** Shows the logs until Ctrl-C. A pod that does not become ready is said and not left: its output may tell why. */
async function follow(client: LocalClient, objects: readonly KubeObject[], settling: Settling): Promise<void> {
  const { io, signal } = settling;
  const settled = settle(client, objects, settling).catch((thrown: unknown) => {
    const error = KwasmError.from(thrown, "wait for the pods");
    if (!signal.aborted) printDiagnostic(io, "warning", error.message);
  });
  try {
    await Promise.all([settled, followPods(client, objects, settling)]);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

/** Deletes what the manifests describe with the pods that came of it, and ends control where nothing else runs. */
async function stop(client: LocalClient, objects: readonly KubeObject[], io: Io): Promise<void> {
  io.stderr.write("Stopping; Ctrl-C again leaves at once\n");
  const pods = await listPodsOf(client, objects);
  const keys = objects.map(({ kind, metadata }) => keyOf(kind, metadata.name, metadata.namespace ?? ""));
  const found = await client.delete({ keys: keys.filter(isDeletable).toReversed() });
  const ending = [...found, ...pods.map(({ kind, metadata }) => keyOf(kind, metadata.name, metadata.namespace))];
  await Promise.all(ending.map((key) => client.waitUntilGone(key)));
  const { podCount } = await client.health();
  if (podCount === 0) await client.down({ keepObjects: true });
}

/** The namespace that everything else may live in stays. */
function isDeletable({ kind, name }: ObjectKey): boolean {
  return kind !== "Namespace" || name !== DEFAULT_NAMESPACE;
}
