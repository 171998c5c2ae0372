import { KwasmError } from "#base";
import { DEFAULT_NAMESPACE } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { parseCount } from "../frame/parse-values.ts";
import { connectControl } from "./control.ts";
import { groupedKindOf, parseResources, resourceOptions } from "./resource-arguments.ts";

export const scaleCommand = defineCommand({
  name: "scale",
  summary: "Set how many pods a Deployment has",
  operands: "deployment NAME… | deployment/NAME…",
  description: `
Sets how many pods a Deployment has. The command returns at once; 'kwasm get pods -w' shows the change.

  kwasm scale deployment/hello-wasm --replicas=50`,
  options: {
    replicas: { value: "COUNT", summary: "How many pods (required)" },
    namespace: resourceOptions.namespace,
  },
  async run({ options, operands, stateDirectory }, io) {
    if (options.replicas === undefined) throw new KwasmError("invalid-argument", "--replicas COUNT is missing");
    const replicas = parseCount(options.replicas, "--replicas");
    const { names } = parseResources(operands);
    if (names.length === 0) throw new KwasmError("invalid-argument", "NAME is missing: name the deployments to scale");
    const wrong = names.find(({ kind }) => kind !== "Deployment");
    if (wrong !== undefined) {
      throw new KwasmError("invalid-argument", `scale "${wrong.name}": only deployments have replicas`);
    }
    const client = await connectControl(stateDirectory);
    for (const { kind, name } of names) {
      await client.scale({ namespace: options.namespace ?? DEFAULT_NAMESPACE, name, replicas });
      io.stdout.write(`${groupedKindOf(kind)}/${name} scaled\n`);
    }
    return EXIT_OK;
  },
});
