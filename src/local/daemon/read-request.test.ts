import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { kindOf, type KubeObject } from "../kinds/index.ts";
import { readManifests } from "../manifest/index.ts";
import { makeConfigMap, makeContainer, makeDeployment, makePod, makeService } from "../testing/objects.ts";
import { readApplyBody } from "./read-request.ts";

const metadata = { name: "x", namespace: "default", labels: {}, annotations: {} };

/** A request's body as it comes out of the socket. */
function overSocket(objects: readonly unknown[]): Readonly<Record<string, unknown>> {
  const read: unknown = JSON.parse(JSON.stringify(objects));
  return { objects: read };
}

function refuses(object: unknown): void {
  assert.throws(() => readApplyBody({ objects: [makeConfigMap("fine", {}), object] }), { code: "invalid-argument" });
}

test("an object that its kind's reader would refuse is refused whole", () => {
  refuses({ ...makePod("x"), spec: { ...makePod("x").spec, containers: 5 } });
  refuses({ apiVersion: "apps/v1", kind: "Deployment", metadata });
  refuses({ apiVersion: "v1", kind: "Service", metadata, spec: null });
  refuses({ apiVersion: "v1", kind: "Pod", metadata: 1 });
  refuses({ apiVersion: "v1", kind: "Node", metadata });
  refuses({ ...makeConfigMap("x", {}), metadata: { ...metadata, name: "../x" } });
  refuses({ ...makeConfigMap("x", {}), metadata: { ...metadata, namespace: "a/b" } });
  refuses(null);
  refuses(JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`));
});

test("what only control may write is left out", () => {
  const [pod] = readApplyBody({
    objects: [{ ...makePod("x"), metadata: { ...metadata, uid: "mine", ownerReferences: 7 }, status: 5 }],
  });
  assert.deepEqual(pod, { ...makePod("x"), metadata });
});

test("objects of manifests pass unchanged, those with parts that do not run here included", () => {
  const text = `
apiVersion: v1
kind: Pod
metadata: { name: x }
spec:
  containers:
    - name: a
      image: hello
      livenessProbe: { exec: { command: [ls] } }
      env: [{ name: A, valueFrom: { fileKeyRef: { key: k } } }]
      resources: { limits: { memory: 1.5Gi } }
      volumeMounts: [{ name: v, mountPath: /v }]
  volumes: [{ name: v, hostPath: { path: /v } }]
---
apiVersion: v1
kind: Service
metadata: { name: x }
spec: { type: NodePort, sessionAffinity: ClientIP, ports: [{ port: 80, targetPort: web }] }
---
apiVersion: v1
kind: Secret
metadata: { name: x }
stringData: { a: b }
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: { name: x }
handler: kwasm
`;
  const { objects, problems } = readManifests([{ name: "f", text }]);
  assert.deepEqual(problems, []);
  assert.equal(objects.length, 4);
  assert.deepEqual(readApplyBody(overSocket(objects)), objects);
});

const probe = { httpGet: { path: "/", port: "web", scheme: "HTTP", httpHeaders: [] } };
const ports = [{ name: "web", containerPort: 8080, protocol: "TCP" as const }];
const probed = { ...makeContainer({ ports }), livenessProbe: probe };
const wholeObjects = [
  makePod("a", { volumes: [{ name: "v", emptyDir: {} }] }),
  makeDeployment("b", 2),
  makeService("c", 80),
  makeConfigMap("d", { k: "v" }),
  { ...makePod("e"), spec: { ...makePod("e").spec, containers: [probed] } },
];

/** The object with one of its values, whichever `steps` lead to, replaced. */
function damage(value: unknown, steps: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = steps;
  if (typeof value !== "object" || value === null || step === undefined) return replacement;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  const chosen = entries[step % entries.length];
  if (chosen === undefined) return replacement;
  const [key, inner] = chosen;
  const next = damage(inner, rest, replacement);
  return Array.isArray(value) ? value.with(Number(key), next) : { ...value, [key]: next };
}

/** All that `get` and `describe` show of an object; must not throw. */
function show(object: KubeObject): void {
  const definition = kindOf(object.kind);
  for (const column of definition?.columns ?? []) column.cell(object, { nowMs: 0 });
  definition?.describe(object, { nowMs: 0, events: [], related: [] });
}

test("any damaged object is refused by a named error, or can be shown", () => {
  const steps = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 8 });
  const replacement = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(5, null, "", "../x", [null], [{}], -1));
  fc.assert(
    fc.property(fc.constantFrom(...wholeObjects), steps, replacement, (object, path, value) => {
      const body = overSocket([damage(object, path, value)]);
      try {
        readApplyBody(body).forEach(show);
      } catch (error) {
        assert(error instanceof KwasmError && error.code === "invalid-argument", String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});
