import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import type { Deployment, KubeEvent, KubeObject, Pod, Service } from "../kinds/index.ts";
import { readManifests } from "../manifest/index.ts";
import { describeObject, type OutputFormat, printObjects } from "./print.ts";

const testdata = join(import.meta.dirname, "testdata");
const nowMs = Date.parse("2026-11-22T12:00:00Z");
const created = "2026-11-22T11:55:00Z";
const objects = readObjects();

/** The manifest's objects with the status that controllers would have given to them. */
function readObjects(): readonly KubeObject[] {
  const text = readFileSync(join(testdata, "web.yaml"), "utf8");
  const reading = readManifests([{ name: "web.yaml", text }]);
  assert.deepEqual([reading.problems, reading.warnings], [[], []]);
  return reading.objects.map((object) => withStatus(object));
}

function withStatus(object: KubeObject): KubeObject {
  const dated: KubeObject = structuredClone(object);
  Object.assign(dated.metadata, { creationTimestamp: created });
  if (dated.kind === "Pod") return { ...dated, status: podStatus() };
  if (dated.kind === "Deployment") return { ...dated, status: deploymentStatus() };
  return dated.kind === "Service" ? withAddress(dated) : dated;
}

function withAddress(service: Service): Service {
  const annotations = { "kwasm.sh/mapped-ports": "80:8080" };
  return {
    ...service,
    metadata: { ...service.metadata, annotations },
    spec: { ...service.spec, clusterIP: "127.96.0.7" },
  };
}

function deploymentStatus(): NonNullable<Deployment["status"]> {
  const conditions = [{ type: "Available", status: "True", reason: "MinimumReplicasAvailable" }] as const;
  const counts = { replicas: 3, updatedReplicas: 3, readyReplicas: 2, availableReplicas: 2, unavailableReplicas: 1 };
  return { ...counts, conditions };
}

function podStatus(): NonNullable<Pod["status"]> {
  const terminated = { exitCode: 137, reason: "OOMKilled", startedAt: created, finishedAt: "2026-11-22T11:59:50Z" };
  return {
    phase: "Running",
    podIP: "127.64.0.2",
    hostIP: "127.0.0.1",
    startTime: created,
    conditions: [
      { type: "Ready", status: "True" },
      { type: "ContainersReady", status: "True" },
    ],
    containerStatuses: [
      {
        name: "web",
        state: { running: { startedAt: "2026-11-22T11:59:55Z" } },
        lastState: { terminated },
        ready: true,
        started: true,
        restartCount: 2,
        image: "hello:1",
        imageID: "sha256:abc",
        containerID: "kwasm://1",
      },
    ],
  };
}

const events: readonly KubeEvent[] = [
  {
    type: "Warning",
    reason: "BackOff",
    message: "Back-off restarting failed container",
    source: "kubelet",
    count: 3,
    firstTimestamp: created,
    lastTimestamp: "2026-11-22T11:59:50Z",
    involvedObject: { kind: "Pod", namespace: "default", name: "web" },
  },
];

/** Compares with a file of testdata, byte for byte. */
function check(golden: string, actual: () => string): void {
  test(`prints ${golden}`, () => {
    assert.equal(actual(), readFileSync(join(testdata, golden), "utf8"));
  });
}

function get(format: OutputFormat): string {
  return printObjects(objects, { format, nowMs });
}

function describe(kind: KubeObject["kind"]): string {
  const found = objects.filter((object) => object.kind === kind);
  const context = { nowMs, events: kind === "Pod" ? events : [], related: objects };
  return found.map((object) => describeObject(object, context)).join("");
}

check("get-table.txt", () => get("table"));
check("get-wide.txt", () => get("wide"));
check("get-yaml.txt", () => get("yaml"));
check("get-json.txt", () => get("json"));
check("get-name.txt", () => get("name"));
check("describe-namespace.txt", () => describe("Namespace"));
check("describe-runtimeclass.txt", () => describe("RuntimeClass"));
check("describe-configmap.txt", () => describe("ConfigMap"));
check("describe-secret.txt", () => describe("Secret"));
check("describe-service.txt", () => describe("Service"));
check("describe-pod.txt", () => describe("Pod"));
check("describe-deployment.txt", () => describe("Deployment"));
check("get-pods-everywhere.txt", () => {
  const pods = objects.filter(({ kind }) => kind === "Pod");
  return printObjects(pods, { format: "table", nowMs, isAcrossNamespaces: true });
});

test("no output shows the value of a secret", () => {
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  const texts = ["table", "wide", "yaml", "json", "name"] satisfies OutputFormat[];
  for (const text of [
    ...texts.map((format) => printObjects(secrets, { format, nowMs, isSingle: true })),
    ...secrets.map((secret) => describeObject(secret, { nowMs, events: [], related: [] })),
  ]) {
    assert.doesNotMatch(text, /hunter2|aHVudGVyMg==/);
  }
});

test("what -o yaml prints is read again as the same objects", () => {
  const plain = objects.filter(({ kind }) => kind !== "Secret");
  const text = printObjects(plain, { format: "yaml", nowMs });
  const reading = readManifests([{ name: "again", text }]);
  assert.deepEqual([reading.problems, reading.warnings], [[], []]);
  assert.deepEqual(reading.objects.map(specOf), plain.map(specOf));
});

function specOf(object: KubeObject): unknown {
  return "spec" in object ? object.spec : object.metadata.name;
}
