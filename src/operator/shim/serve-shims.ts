import { type ControllerObserver, createInformer, type Informer, resourceTypes, runController } from "#kube";

import { createDefinitionInformer, type DefinitionView, shimDefinitionName } from "./definition.ts";
import { createShimController, type ShimControllerParts } from "./shim-controller.ts";
import { type ShimView, viewShim } from "./shim-view.ts";

interface ServeParts extends Omit<ShimControllerParts, "shims"> {
  readonly observer: ControllerObserver;
}

export interface ShimServer {
  /** Whether a Shim asks for the RuntimeClass of this name. */
  hasClass(className: string): boolean;
  /** Serves Shims whenever the cluster knows of them, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function createShimServer(parts: ServeParts): ShimServer {
  let shims: Informer<ShimView> | undefined;
  return {
    hasClass: (name) => shims?.items().some((shim) => shim.runtimeClass === name && !shim.isLeaving) === true,
    async run(signal) {
      using definitions = createDefinitionInformer(parts.client, parts.log);
      const watching = definitions.run(signal);
      while (await untilServed(definitions, parts, signal)) {
        using informer = createInformer({
          client: parts.client,
          log: parts.log,
          type: resourceTypes.shim,
          transform: viewShim,
        });
        shims = informer;
        await serveWhile(definitions, { ...parts, shims: informer }, signal);
        shims = undefined;
      }
      await watching;
    },
  };
}

function isUsable(definition: DefinitionView | undefined): boolean {
  return definition?.isServed === true && definition.hasStatus;
}

/** False: the signal aborted. */
async function untilServed(
  definitions: Informer<DefinitionView>,
  { log }: ServeParts,
  signal: AbortSignal,
): Promise<boolean> {
  const served = Promise.withResolvers<boolean>();
  const stop = (): void => served.resolve(false);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  using _ = definitions.onChange(({ kind, item }) => {
    if (kind === "deleted" || !item.isServed) return;
    if (item.hasStatus) served.resolve(true);
    else log.warn(withoutStatus);
  });
  const isServed = await served.promise;
  signal.removeEventListener("abort", stop);
  return isServed;
}

const withoutStatus = `CustomResourceDefinition "${shimDefinitionName}" is that of another operator and has no status, so no Shim is looked at: apply the one in this chart's folder "crds"`;

async function serveWhile(
  definitions: Informer<DefinitionView>,
  parts: ServeParts & Pick<ShimControllerParts, "shims">,
  signal: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  using _ = definitions.onChange(({ kind, item }) => {
    if (kind === "deleted" || !isUsable(item)) gone.abort();
  });
  const serving = AbortSignal.any([signal, gone.signal]);
  const { log, clock, observer } = parts;
  await Promise.all([
    parts.shims.run(serving),
    runController(createShimController(parts), serving, { log, clock, observer }),
  ]);
}
