import { KwasmError } from "#base";

import { defineCommand } from "../../frame/command.ts";
import { EXIT_FAILED, EXIT_OK } from "../../frame/exit-codes.ts";
import { writeText } from "../../frame/write-text.ts";
import { refuseMore } from "../operands.ts";
import { connectCluster, connectionOptions } from "./connect-cluster.ts";
import { diagnose } from "./doctor/diagnose.ts";
import { formatFindings } from "./doctor/format-findings.ts";
import { gatherFacts } from "./doctor/gather-facts.ts";

export const doctorCommand = defineCommand({
  name: "doctor",
  summary: "Say what is wrong with Wasm in the cluster, and what to do",
  operands: "",
  description: `
Looks at the operator and its lease, the nodes and the installers' Jobs, RuntimeClasses, Shims and pods that wait; changes
nothing. Each line is one finding: ok, BAD, or ? for what goes on or may not be read. The exit code is 1 where one is BAD.

  kubectl kwasm doctor
  kubectl kwasm doctor -n my-kwasm -o json`,
  options: {
    namespace: { short: "n", value: "NAME", summary: "The operator is in this namespace (default: it is looked for)" },
    output: { short: "o", value: "json", summary: "Print JSON" },
    ...connectionOptions,
  },
  async run({ options, operands }, io) {
    refuseMore(operands);
    if (options.output !== undefined && options.output !== "json") {
      throw new KwasmError("invalid-argument", `print "${options.output}": only -o json is there`);
    }
    using client = await connectCluster(options, io);
    const { namespace } = options;
    const { facts, gaps } = await gatherFacts({ client, namespace, nowMs: Date.now(), signal: io.interrupted() });
    const findings = [...diagnose(facts), ...gaps];
    const text = options.output === "json" ? `${JSON.stringify(findings, undefined, 4)}\n` : formatFindings(findings);
    await writeText(io.stdout, text);
    return findings.some(({ state }) => state === "bad") ? EXIT_FAILED : EXIT_OK;
  },
});
