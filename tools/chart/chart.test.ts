import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { parse } from "yaml";

import packageManifest from "../../package.json" with { type: "json" };
import { chartDirectory, renderChart, runHelm } from "./helm.ts";
import { at, isRecord, parseObjects, pick, type Rendered } from "./objects.ts";

const execute = promisify(execFile);
const container = "spec.template.spec.containers.0";

async function render(values: object, ...flags: readonly string[]): Promise<readonly Rendered[]> {
  return parseObjects(await renderChart(values, ...flags));
}

async function renderDeployment(values: object): Promise<Rendered> {
  return pick(await render(values), "Deployment");
}

function environmentOf(deployment: Rendered): Readonly<Record<string, unknown>> {
  const variables = at(deployment, `${container}.env`);
  assert.ok(Array.isArray(variables));
  return Object.fromEntries(variables.map((one: unknown) => [String(at(one, "name")), at(one, "value")]));
}

function readChartFile(name: string): string {
  return readFileSync(join(chartDirectory, name), "utf8");
}

describe("the chart as it is", () => {
  test("has nothing that helm complains of", async () => {
    await runHelm("lint", "--strict", chartDirectory);
  });

  test("names the images of this tree's version", () => {
    const chart: unknown = parse(readChartFile("Chart.yaml"));
    assert.equal(at(chart, "appVersion"), packageManifest.version);
  });

  test("makes the operator, its permissions and its Service, and nothing else", async () => {
    const kinds = (await render({}, "--no-hooks")).map((one) => String(one["kind"]));
    const roles = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"];
    assert.deepEqual(kinds.toSorted(), [...roles, "Deployment", "Service"].toSorted());
  });

  test("gives the operator what KWasm's gave it", async () => {
    const deployment = await renderDeployment({});
    const { version } = packageManifest;
    assert.equal(at(deployment, `${container}.name`), "kwasm-operator");
    assert.equal(at(deployment, `${container}.image`), `ghcr.io/kwasm/kwasm-operator:${version}`);
    const { CONTROLLER_NAMESPACE, AUTO_PROVISION_NODES, INSTALLER_IMAGE } = environmentOf(deployment);
    assert.deepEqual([CONTROLLER_NAMESPACE, AUTO_PROVISION_NODES], ["kwasm", "false"]);
    assert.equal(INSTALLER_IMAGE, `ghcr.io/kwasm/kwasm-node-installer:${version}`);
    assert.deepEqual(at(deployment, "spec.selector.matchLabels"), {
      "app.kubernetes.io/name": "kwasm-operator",
      "app.kubernetes.io/instance": "kwasm-operator",
    });
  });

  test("runs the operator without privileges and without anything to write to", async () => {
    const deployment = await renderDeployment({});
    assert.equal(at(deployment, "spec.template.spec.securityContext.runAsNonRoot"), true);
    assert.deepEqual(at(deployment, `${container}.securityContext`), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("leads the Service to the probes' port", async () => {
    const service = pick(await render({}), "Service");
    assert.deepEqual(at(service, "spec.ports"), [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }]);
  });

  test("grants nothing by a wildcard, and no secrets", async () => {
    for (const kind of ["Role", "ClusterRole"]) {
      const rules = JSON.stringify(at(pick(await render({}), kind), "rules"));
      assert.doesNotMatch(rules, /\*|secrets|"(?:bind|escalate|impersonate)"/u);
    }
  });

  test("binds its roles to the account that the operator runs as", async () => {
    for (const values of [{}, { serviceAccount: { create: false, name: "other" } }, { fullnameOverride: "short" }]) {
      const objects = await render(values);
      const account = at(pick(objects, "Deployment"), "spec.template.spec.serviceAccountName");
      for (const kind of ["RoleBinding", "ClusterRoleBinding"]) {
        assert.equal(at(pick(objects, kind), "subjects.0.name"), account);
      }
    }
  });
});

/** What a value makes of a field of the Deployment. */
async function check(values: object, path: string, expected: unknown): Promise<void> {
  assert.deepEqual(at(await renderDeployment(values), path), expected);
}

async function checkEnvironment(kwasmOperator: object, name: string, expected: string): Promise<void> {
  assert.equal(environmentOf(await renderDeployment({ kwasmOperator }))[name], expected);
}

const tolerations = [{ key: "control-plane", operator: "Exists" }];
const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };

describe("values of KWasm's chart 0.2.3 mean what they meant", () => {
  test("for the Deployment", async () => {
    const pod = "spec.template.spec";
    await check({ replicaCount: 2 }, "spec.replicas", 2);
    await check({ image: { repository: "m.test/o", tag: "1" } }, `${container}.image`, "m.test/o:1");
    await check({ image: { pullPolicy: "Always" } }, `${container}.imagePullPolicy`, "Always");
    await check({ imagePullSecrets: [{ name: "s" }] }, `${pod}.imagePullSecrets`, [{ name: "s" }]);
    await check({ nameOverride: "other" }, "metadata.name", "kwasm-operator-other");
    await check({ fullnameOverride: "full" }, "metadata.name", "full");
    await check({ podAnnotations: { a: "b" } }, "spec.template.metadata.annotations", { a: "b" });
    await check({ podSecurityContext: { fsGroup: 7 } }, `${pod}.securityContext.fsGroup`, 7);
    await check({ securityContext: { privileged: false } }, `${container}.securityContext.privileged`, false);
    await check({ resources: { limits: { memory: "1Gi" } } }, `${container}.resources.limits`, { memory: "1Gi" });
    await check({ nodeSelector: { pool: "a" } }, `${pod}.nodeSelector.pool`, "a");
    await check({ tolerations }, `${pod}.tolerations`, tolerations);
    await check({ affinity }, `${pod}.affinity`, affinity);
    await check({ serviceAccount: { create: false } }, `${pod}.serviceAccountName`, "default");
  });

  test("for the operator", async () => {
    const image = "ghcr.io/spinkube/containerd-shim-spin/node-installer:v0.19.0";
    await checkEnvironment({ installerImage: image }, "INSTALLER_IMAGE", image);
    await checkEnvironment({ autoProvision: "true" }, "AUTO_PROVISION_NODES", "true");
    await checkEnvironment({ autoProvision: true }, "AUTO_PROVISION_NODES", "true");
  });

  test("for the Service and the ServiceAccount", async () => {
    const values = { service: { type: "NodePort", port: 81 }, serviceAccount: { annotations: { a: "b" }, name: "n" } };
    const objects = await render(values);
    const service = pick(objects, "Service");
    assert.deepEqual([at(service, "spec.type"), at(service, "spec.ports.0.port")], ["NodePort", 81]);
    const account = pick(objects, "ServiceAccount");
    assert.deepEqual([at(account, "metadata.name"), at(account, "metadata.annotations")], ["n", { a: "b" }]);
  });
});

describe("values of this chart", () => {
  test("reach the operator as its variables", async () => {
    await checkEnvironment({ shimInstallerImage: "m.test/i:1" }, "SHIM_INSTALLER_IMAGE", "m.test/i:1");
    await checkEnvironment({ installerImagePullPolicy: "Never" }, "INSTALLER_IMAGE_PULL_POLICY", "Never");
    await checkEnvironment({ installerImagePullSecrets: ["a", "b"] }, "INSTALLER_IMAGE_PULL_SECRETS", "a,b");
    await checkEnvironment({ maxUnavailable: "10%" }, "MAX_UNAVAILABLE", "10%");
    await checkEnvironment({ startupTaint: "kwasm.sh/not-ready" }, "STARTUP_TAINT", "kwasm.sh/not-ready");
    await checkEnvironment({ logLevel: "debug" }, "LOG_LEVEL", "debug");
    const runtimeClasses = [{ name: "edge", handler: "wasmedge" }];
    const written = JSON.stringify([{ handler: "wasmedge", name: "edge" }]);
    await checkEnvironment({ runtimeClasses }, "RUNTIME_CLASSES", written);
  });

  test("reach the pod", async () => {
    await check({ priorityClassName: "p" }, "spec.template.spec.priorityClassName", "p");
    await check({ podLabels: { team: "a" } }, "spec.template.metadata.labels.team", "a");
    const deployment = await renderDeployment({ extraEnv: [{ name: "HTTPS_PROXY", value: "http://p.test" }] });
    assert.equal(environmentOf(deployment)["HTTPS_PROXY"], "http://p.test");
  });

  test("cannot take the labels away by which the Deployment finds its pods", async () => {
    const podLabels = { "app.kubernetes.io/name": "other", team: "a" };
    const deployment = await renderDeployment({ podLabels });
    const selected = at(deployment, "spec.selector.matchLabels");
    assert.ok(isRecord(selected));
    assert.deepEqual(at(deployment, "spec.template.metadata.labels"), { ...selected, team: "a" });
  });

  test("serve metrics, to whom they are to be served", async () => {
    const metrics = { port: 9, service: { create: true, port: 10 }, serviceMonitor: { create: true, interval: "5s" } };
    const objects = await render({ metrics });
    assert.equal(at(pick(objects, "Service", "-metrics"), "spec.ports.0.port"), 10);
    assert.equal(at(pick(objects, "ServiceMonitor"), "spec.endpoints.0.interval"), "5s");
    const words = at(pick(objects, "Deployment"), `${container}.args`);
    assert.ok(Array.isArray(words) && words.includes("--metrics-bind-address=:9"));
    const silent = at(await renderDeployment({ metrics: { enabled: false } }), `${container}.args`);
    assert.ok(Array.isArray(silent) && silent.includes("--metrics-bind-address=0"));
  });

  test("close the network with a policy, outgoing connections only on request", async () => {
    const closed = pick(await render({ networkPolicy: { create: true } }), "NetworkPolicy");
    assert.deepEqual(at(closed, "spec.policyTypes"), ["Ingress"]);
    const egress = [{ ports: [{ port: 6443 }] }];
    const narrow = pick(await render({ networkPolicy: { create: true, egress } }), "NetworkPolicy");
    assert.deepEqual(at(narrow, "spec.egress"), egress);
  });

  test("end an operator before the next where none waits for another", async () => {
    await check({ kwasmOperator: { leaderElect: false } }, "spec.strategy.type", "Recreate");
    const several = renderChart({ replicaCount: 2, kwasmOperator: { leaderElect: false } });
    await assert.rejects(several, /operators would work against each other/u);
  });
});

describe("wrong values are refused before anything is applied", () => {
  const wrong: readonly (readonly [values: object, complaint: RegExp])[] = [
    [{ kwasmOperators: {} }, /kwasmOperators/u],
    [{ replicaCount: -1 }, /replicaCount/u],
    [{ replicaCount: "1" }, /replicaCount/u],
    [{ image: { pullPolicy: "Sometimes" } }, /pullPolicy/u],
    [{ image: { tag: "a b" } }, /tag/u],
    [{ kwasmOperator: { autoProvision: "yes" } }, /autoProvision/u],
    [{ kwasmOperator: { maxUnavailable: 0 } }, /maxUnavailable/u],
    [{ kwasmOperator: { maxUnavailable: 10_000 } }, /maxUnavailable/u],
    [{ kwasmOperator: { maxUnavailable: "101%" } }, /maxUnavailable/u],
    [{ kwasmOperator: { runtimeClasses: [{ name: "a", handler: "runc" }] } }, /handler/u],
    [{ kwasmOperator: { startupTaint: "a b" } }, /startupTaint/u],
    [{ kwasmOperator: { logLevel: "loud" } }, /logLevel/u],
    [{ service: { port: 65_536 } }, /port/u],
    [{ metrics: { port: 8081 } }, /port/u],
  ];
  for (const [values, complaint] of wrong) {
    test(JSON.stringify(values), async () => {
      await assert.rejects(renderChart(values), complaint);
    });
  }
});

/** Each value by its path, with its default; an object without entries and a list are values. */
function leavesOf(value: unknown, path: string): readonly (readonly [string, string])[] {
  const isBranch = isRecord(value) && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch || path.endsWith("ecurityContext")) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, path === "" ? key : `${path}.${key}`));
}

test("the chart's README has every value with its default", () => {
  const rows = readChartFile("README.md").matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\|/gmu);
  const documented = [...rows].map(([, path = "", value = ""]) => [path, value]);
  assert.deepEqual(documented, leavesOf(parse(readChartFile("values.yaml")), ""));
});

/** The exit code of helm's test pod, run here, where the operator answers with a status. */
async function askReadiness(status: number): Promise<number> {
  await using server = createServer((_, response) => void response.writeHead(status).end("said so"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const pod = pick(await render({}), "Pod");
  assert.equal(at(pod, "spec.containers.0.env.0.value"), "http://kwasm-operator:80/readyz");
  const env = {
    READY_URL: `http://127.0.0.1:${String(at(address, "port"))}/readyz`,
    NODE_OPTIONS: String(at(pod, "spec.containers.0.env.1.value")),
  };
  const ended = execute(process.execPath, ["--eval", "process.exitCode = 9"], { env });
  return await ended.then(
    () => 0,
    (error: unknown) => Number(at(error, "code")),
  );
}

test("helm's test of a release succeeds where the operator is ready, and fails where it is not", async () => {
  assert.equal(await askReadiness(200), 0);
  assert.equal(await askReadiness(503), 1);
});
