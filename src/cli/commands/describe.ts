import { DEFAULT_NAMESPACE, describeObject, type LocalClient, type ObjectKey } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { writeText } from "../frame/write-text.ts";
import { connectControl } from "./control.ts";
import { isNamespaced, type Kind, keyOf, parseResources, resourceOptions } from "./resource-arguments.ts";

export const describeCommand = defineCommand({
  name: "describe",
  summary: "Show objects in detail, with what happened to them",
  operands: "KIND [NAME…] | KIND/NAME…",
  description: `
Shows objects with their state and their events: the first thing to read when a pod does not start.

  kwasm describe pod hello-wasm-7d9c5-x2x8p
  kwasm describe deploy/hello-wasm`,
  options: resourceOptions,
  async run({ options, operands, stateDirectory }, io) {
    const namespace = options.namespace ?? DEFAULT_NAMESPACE;
    const resources = parseResources(operands);
    const client = await connectControl(stateDirectory);
    const keys =
      resources.names.length > 0
        ? resources.names.map(({ kind, name }) => keyOf(kind, name, namespace))
        : await listKeys(client, resources.kinds, { namespace, selector: options.selector });
    const texts = await Promise.all(keys.map((key) => describe(client, key)));
    await writeText(io.stdout, texts.join("\n\n"));
    return EXIT_OK;
  },
});

interface Selection {
  readonly namespace: string;
  readonly selector: string | undefined;
}

async function listKeys(client: LocalClient, kinds: readonly Kind[], selection: Selection): Promise<ObjectKey[]> {
  const { namespace, selector } = selection;
  const queries = kinds.map((kind) => ({
    kind,
    ...(isNamespaced(kind) && { namespace }),
    ...(selector !== undefined && { labelSelector: selector }),
  }));
  const lists = await Promise.all(queries.map((query) => client.list(query)));
  return lists.flat().map(({ kind, metadata }) => keyOf(kind, metadata.name, metadata.namespace ?? namespace));
}

async function describe(client: LocalClient, key: ObjectKey): Promise<string> {
  const { object, events, pods } = await client.describe(key);
  return describeObject(object, { nowMs: Date.now(), events, related: pods });
}
