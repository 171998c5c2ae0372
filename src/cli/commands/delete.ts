import { KwasmError } from "#base";
import { DEFAULT_NAMESPACE, type LocalClient, type ObjectKey } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { parseCount } from "../frame/parse-values.ts";
import { connectControl } from "./control.ts";
import { readManifestFiles } from "./manifest-files.ts";
import { groupedKindOf, isNamespaced, keyOf, parseResources, resourceOptions } from "./resource-arguments.ts";

export const deleteCommand = defineCommand({
  name: "delete",
  summary: "Delete objects, and end what they run",
  operands: "(-f FILE… | KIND NAME… | KIND -l SELECTOR | KIND --all)",
  description: `
Deletes objects and waits until they are gone. Pods have their grace period to end.

  kwasm delete -f examples/quickstart
  kwasm delete pod hello-wasm-7d9c5-x2x8p
  kwasm delete deployment,service -l app=hello-wasm`,
  options: {
    filename: { short: "f", value: "FILE", isRepeatable: true, summary: "What a file, folder or - describes" },
    all: { summary: "Every object of the kinds" },
    "grace-period": { value: "SECONDS", summary: "In place of each pod's own; 0 kills at once" },
    "no-wait": { summary: "Do not wait until they are gone" },
    "ignore-not-found": { summary: "What is not there is no error" },
    ...resourceOptions,
  },
  async run({ options, operands, stateDirectory }, io) {
    const namespace = options.namespace ?? DEFAULT_NAMESPACE;
    const graceSeconds = options["grace-period"];
    const grace = graceSeconds === undefined ? {} : { graceSeconds: parseCount(graceSeconds, "--grace-period") };
    const target = { operands, files: options.filename, selector: options.selector, isAll: options.all, namespace };
    checkTarget(target);
    const client = await connectControl(stateDirectory);
    const wanted = await findKeys(client, target, io);
    const found = await client.delete({ keys: wanted, ...grace });
    for (const key of found) io.stdout.write(`${describeDeleted(key)}\n`);
    if (!options["no-wait"]) await Promise.all(found.map((key) => client.waitUntilGone(key, io.interrupted())));
    const absent = wanted.filter((key) => !found.some((other) => isSame(key, other)));
    if (options["ignore-not-found"] || absent.length === 0) return EXIT_OK;
    const names = absent.map(({ kind, name }) => `${groupedKindOf(kind)} "${name}"`).join(", ");
    throw new KwasmError("not-found", `delete ${names}: not found`);
  },
});

interface DeleteTarget {
  readonly operands: readonly string[];
  readonly files: readonly string[];
  readonly selector: string | undefined;
  readonly isAll: boolean;
  readonly namespace: string;
}

/** Deleting every object of a kind must be asked for in words. */
function checkTarget({ operands, files, selector, isAll }: DeleteTarget): void {
  if (files.length > 0) {
    if (operands.length === 0) return;
    throw new KwasmError("invalid-argument", `unexpected operand "${operands[0] ?? ""}" beside -f`);
  }
  const { names } = parseResources(operands);
  if (names.length === 0 && selector === undefined && !isAll) {
    throw new KwasmError("invalid-argument", "NAME is missing: give names, -l SELECTOR or --all");
  }
}

async function findKeys(client: LocalClient, target: DeleteTarget, io: Io): Promise<readonly ObjectKey[]> {
  const { operands, files, selector, namespace } = target;
  if (files.length > 0) {
    const objects = await readManifestFiles(files, { namespace, client }, io);
    return objects
      .map(({ kind, metadata }) => keyOf(kind, metadata.name, metadata.namespace ?? namespace))
      .toReversed();
  }
  const { kinds, names } = parseResources(operands);
  if (names.length > 0) return names.map(({ kind, name }) => keyOf(kind, name, namespace));
  const lists = await Promise.all(
    kinds.map((kind) =>
      client.list({
        kind,
        ...(isNamespaced(kind) && { namespace }),
        ...(selector !== undefined && { labelSelector: selector }),
      }),
    ),
  );
  return lists.flat().map(({ kind, metadata }) => keyOf(kind, metadata.name, metadata.namespace ?? namespace));
}

function describeDeleted({ kind, namespace, name }: ObjectKey): string {
  const place = namespace === undefined ? "" : ` from ${namespace} namespace`;
  return `${groupedKindOf(kind)} "${name}" deleted${place}`;
}

function isSame(one: ObjectKey, other: ObjectKey): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name;
}
