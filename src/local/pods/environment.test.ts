import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Secret } from "../kinds/index.ts";
import { makeConfigMap, makeContainer, makePod, makeService } from "../testing/objects.ts";
import { buildEnvironment, ENVIRONMENT_BYTES_MAX, type EnvironmentSources } from "./environment.ts";
import { serviceEnvironment } from "./service-environment.ts";

const settings = makeConfigMap("settings", { COLOR: "red", SIZE: "10" });
const secret: Secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "keys", namespace: "default", labels: {}, annotations: {} },
  type: "Opaque",
  data: { TOKEN: Buffer.from("s3cret").toString("base64") },
};

function sourcesOf(change: Partial<EnvironmentSources> = {}): EnvironmentSources {
  return {
    pod: makePod("web-1"),
    podIP: "127.64.0.1",
    nodeName: "here",
    imageEnv: [["PATH", "/bin"]],
    serviceEnv: new Map([["DB_SERVICE_HOST", "127.128.0.1"]]),
    configMap: (name) => (name === "settings" ? settings : undefined),
    secret: (name) => (name === "keys" ? secret : undefined),
    ...change,
  };
}

function check(
  container: Partial<Container>,
  expected: Readonly<Record<string, string>>,
  change: Partial<EnvironmentSources> = {},
): void {
  const all = Object.fromEntries(buildEnvironment(makeContainer(container), sourcesOf(change)));
  const { PATH: path, HOSTNAME: hostname, DB_SERVICE_HOST: host, ...own } = all;
  assert.deepEqual([path, hostname], ["/bin", "web-1"]);
  assert.equal(host, expected["DB_SERVICE_HOST"] ?? "127.128.0.1");
  const { DB_SERVICE_HOST: _host, ...rest } = expected;
  assert.deepEqual(own, rest);
}

test("values come from the manifest, ConfigMaps, Secrets and the pod itself", () => {
  check({ env: [{ name: "A", value: "1" }, { name: "EMPTY" }] }, { A: "1", EMPTY: "" });
  check({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "COLOR" } } }] }, { A: "red" });
  check({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "keys", key: "TOKEN" } } }] }, { A: "s3cret" });
  check({ envFrom: [{ prefix: "P_", configMapRef: { name: "settings" } }] }, { P_COLOR: "red", P_SIZE: "10" });
  for (const [fieldPath, value] of [
    ["metadata.name", "web-1"],
    ["metadata.namespace", "default"],
    ["metadata.labels['app']", "web-1"],
    ["metadata.annotations['none']", ""],
    ["status.podIP", "127.64.0.1"],
    ["status.hostIP", "127.0.0.1"],
    ["spec.nodeName", "here"],
    ["spec.serviceAccountName", "default"],
  ] as const) {
    check({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath, apiVersion: "v1" } } }] }, { A: value });
  }
});

function readResource(resource: string, divisor: string): Container["env"] {
  return [{ name: "A", valueFrom: { resourceFieldRef: { resource, divisor } } }];
}

test("resources are divided and rounded up", () => {
  const resources = { limits: { memory: "100Mi", cpu: "1500m" }, requests: {} };
  check({ resources, env: readResource("limits.memory", "1Mi") }, { A: "100" });
  check({ resources, env: readResource("limits.memory", "0") }, { A: "104857600" });
  check({ resources, env: readResource("limits.cpu", "1") }, { A: "2" });
});

test("a limit that is not set is what the guest is held to, and a request that is not set is the limit", () => {
  check({ env: readResource("limits.memory", "1Mi") }, { A: "256" });
  check({ env: readResource("requests.memory", "1Mi") }, { A: "0" });
  const resources = { limits: { memory: "100Mi" }, requests: {} };
  check({ resources, env: readResource("requests.memory", "1Mi") }, { A: "100" });
});

test("later ones win: env over envFrom, both over services and the image", () => {
  const container = {
    envFrom: [{ prefix: "", configMapRef: { name: "settings" } }],
    env: [{ name: "COLOR", value: "blue" }],
  };
  check(container, { COLOR: "blue", SIZE: "10" });
  check({ env: [{ name: "DB_SERVICE_HOST", value: "mine" }] }, { DB_SERVICE_HOST: "mine" });
});

test("a value may name what was set before it and a service's variable", () => {
  const env = [
    { name: "A", value: "1" },
    { name: "B", value: "$(A)-$(DB_SERVICE_HOST)-$(C)" },
    { name: "C", value: "late" },
  ];
  check({ env }, { A: "1", B: "1-127.128.0.1-$(C)", C: "late" });
});

function builder(container: Partial<Container>): () => void {
  return () => buildEnvironment(makeContainer(container), sourcesOf());
}

test("what is optional may be missing, what is not may not", () => {
  check({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "K", optional: true } } }] }, {});
  check({ envFrom: [{ prefix: "", secretRef: { name: "none", optional: true } }] }, {});
  assert.throws(builder({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "K" } } }] }), {
    code: "not-found",
  });
  assert.throws(builder({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "keys", key: "K" } } }] }), {
    code: "not-found",
  });
  assert.throws(builder({ envFrom: [{ prefix: "", configMapRef: { name: "none" } }] }), { code: "not-found" });
});

test("an environment of the largest size passes, one byte more does not", () => {
  const frame = [...buildEnvironment(makeContainer(), sourcesOf())].reduce(
    (sum, [name, value]) => sum + name.length + value.length + 2,
    0,
  );
  const build = (length: number) =>
    buildEnvironment(makeContainer({ env: [{ name: "A", value: "x".repeat(length) }] }), sourcesOf());
  const fitting = ENVIRONMENT_BYTES_MAX - frame - 3;
  assert.equal(build(fitting).get("A")?.length, fitting);
  assert.throws(() => build(fitting + 1), { code: "limit-exceeded" });
});

test("a service's variables carry its address and its real ports", () => {
  const service = makeService("my-db", 80);
  const placed = {
    ...service,
    metadata: { ...service.metadata, annotations: { "kwasm.sh/mapped-ports": "80:8080" } },
    spec: {
      ...service.spec,
      clusterIP: "127.128.0.7",
      ports: [{ name: "http", port: 80, targetPort: 80, protocol: "TCP" as const }],
    },
  };
  assert.deepEqual(
    Object.fromEntries(serviceEnvironment([placed, { ...service, spec: { ...service.spec, clusterIP: "None" } }])),
    {
      MY_DB_SERVICE_HOST: "127.128.0.7",
      MY_DB_SERVICE_PORT: "8080",
      MY_DB_SERVICE_PORT_HTTP: "8080",
      MY_DB_PORT: "tcp://127.128.0.7:8080",
      MY_DB_PORT_8080_TCP: "tcp://127.128.0.7:8080",
      MY_DB_PORT_8080_TCP_PROTO: "tcp",
      MY_DB_PORT_8080_TCP_PORT: "8080",
      MY_DB_PORT_8080_TCP_ADDR: "127.128.0.7",
    },
  );
});
