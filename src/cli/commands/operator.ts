import { createLog, KwasmError, type LogLevel, logLevels } from "#base";
import { loadConnection } from "#kube";
import { readSettings, runOperator } from "#operator";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { refuseMore } from "./operands.ts";
import { programVersion } from "./version.ts";

/** Where the images of this version are published. */
const INSTALLER_REPOSITORY = "ghcr.io/kwasm/kwasm-node-installer";

export const operatorCommand = defineCommand({
  name: "operator",
  summary: "Bring the runtime to the nodes of a cluster that ask for it",
  operands: "",
  description: `
Runs in the cluster; the Helm chart kwasm-operator starts it. Outside, KUBECONFIG names the cluster. A node that has the
annotation kwasm.sh/kwasm-node=true gets an installer's Job; once a Wasm pod has run there, it gets the labels
kwasm.sh/kwasm-provisioned and kwasm.sh/ready=true. Without the annotation, the runtime is removed. A Shim brings the shim of
somebody else to the nodes that it selects.

Variables: CONTROLLER_NAMESPACE, where Jobs are made; INSTALLER_IMAGE; AUTO_PROVISION_NODES=true for all nodes;
MAX_UNAVAILABLE, nodes that get another installer image at once, as 2 or 10%; RUNTIME_CLASSES, as [{"name": …, "handler": …}];
SHIM_INSTALLER_IMAGE, for Shims; INSTALLER_IMAGE_PULL_POLICY and INSTALLER_IMAGE_PULL_SECRETS; STARTUP_TAINT, the key of a taint that ready nodes lose; LOG_LEVEL.`,
  options: {
    "metrics-bind-address": { value: "ADDR", summary: "Serve /metrics there (default :8080; 0: nowhere)" },
    "health-probe-bind-address": { value: "ADDR", summary: "Serve /healthz and /readyz there (default :8081)" },
    "leader-elect": { summary: "Work only while holding the lease c74b86db.kwasm.sh" },
    "zap-log-level": {
      value: "LEVEL",
      summary: `One of ${logLevels.join(", ")}, or a number for debug (default info)`,
    },
    "zap-devel": { summary: "Log at the level debug where no level is given" },
    "zap-encoder": { value: "ENCODER", summary: "Taken from command lines of KWasm; the log is always JSON" },
    "zap-stacktrace-level": {
      value: "LEVEL",
      summary: "Taken from command lines of KWasm; faults always have their stack",
    },
    "zap-time-encoding": { value: "ENCODING", summary: "Taken from command lines of KWasm; times are RFC 3339" },
    kubeconfig: {
      value: "FILE",
      summary: "Reach the cluster as FILE says; by default KUBECONFIG or the pod's account",
    },
  },
  async run({ options, operands }, io) {
    refuseMore(operands);
    const level = parseLevel(
      options["zap-log-level"] ?? io.env["LOG_LEVEL"] ?? (options["zap-devel"] ? "debug" : "info"),
    );
    const log = createLog({ level, write: (line) => void io.stderr.write(line) });
    const settings = readSettings(io.env, `${INSTALLER_REPOSITORY}:${programVersion}`);
    await runOperator(
      {
        connection: await loadConnection({ env: io.env, kubeconfig: options.kubeconfig }),
        settings,
        log,
        metricsAddress: options["metrics-bind-address"] ?? ":8080",
        healthAddress: options["health-probe-bind-address"] ?? ":8081",
        isElected: options["leader-elect"],
      },
      io.interrupted(),
    );
    return EXIT_OK;
  },
});

/** As zap, which takes a number for its verbosity below info. */
function parseLevel(text: string): LogLevel {
  const level = /^\d+$/u.test(text) ? "debug" : logLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new KwasmError("invalid-argument", `log at the level "${text}": name one of ${logLevels.join(", ")}`);
}
