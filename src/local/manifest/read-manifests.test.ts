import assert from "node:assert/strict";
import test from "node:test";

import { formatProblem, PROBLEMS_MAX } from "../schema/problem.ts";
import { readLimits } from "./limits.ts";
import { readManifests } from "./read-manifests.ts";

interface Expected {
  readonly problems?: readonly string[];
  readonly warnings?: readonly string[];
}

/** Each expected text is the start of a finding; there are no others. */
function check(name: string, text: string, { problems = [], warnings = [] }: Expected): void {
  test(name, () => {
    const reading = readManifests([{ name: "f", text }]);
    assertStarts(reading.problems.map(formatProblem), problems);
    assertStarts(reading.warnings.map(formatProblem), warnings);
  });
}

function assertStarts(actual: readonly string[], expected: readonly string[]): void {
  assert.deepEqual(
    actual.map((finding, index) => finding.slice(0, expected[index]?.length)),
    expected,
    actual.join("\n"),
  );
}

/** A deployment in flow style, so that one line of a case can change one part of it. */
function deployment(parts: { spec?: string; pod?: string; container?: string; labels?: string } = {}): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  ${parts.spec ?? "replicas: 1"}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {${parts.labels ?? "app: web"}}}
    spec:
      ${parts.pod ?? "restartPolicy: Always"}
      containers:
      - name: web
        image: hello
        ${parts.container ?? "args: []"}
`;
}

function pod(container: string, more = "restartPolicy: Never"): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  ${more}
  containers:
  - {name: a, image: i, ${container}}
`;
}

function configMap(metadata: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\n`;
}

check("a plain deployment has nothing wrong", deployment(), {});
check("a null field is an absent one", deployment({ spec: "minReadySeconds: null" }), {});
check("what only the API server writes is left out silently", `${deployment()}status: {replicas: 3}\n`, {});

check("a field that Kubernetes does not have is refused, with the near one", deployment({ spec: "replica: 3" }), {
  problems: ['f:5:3: spec.replica: unknown field "spec.replica"; did you mean "replicas"?'],
});
check("a field far from any other is refused without a guess", deployment({ container: "zzz: 1" }), {
  problems: ['f:14:9: spec.template.spec.containers[0].zzz: unknown field "spec.template.spec.containers[0].zzz"'],
});
check("a field that is not supported is warned of with its path", deployment({ pod: "initContainers: [{name: i}]" }), {
  warnings: ["f:10:23: spec.template.spec.initContainers: field is not supported here: they are not run"],
});
check("an unsupported field with a harmless value is silent", deployment({ pod: "dnsPolicy: ClusterFirst" }), {});
check(
  "choosing nodes is said to be idle once",
  deployment({ pod: "nodeSelector: {a: b}\n      tolerations: [{key: a}]" }),
  {
    warnings: ["f:10:21: spec.template.spec.nodeSelector: nodeSelector, affinity, tolerations"],
  },
);

check("a selector must match the template's labels", deployment({ labels: "app: other" }), {
  problems: [
    'f:8:24: spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template',
  ],
});
check("a deployment's pods always restart", deployment({ pod: "restartPolicy: Never" }), {
  problems: ['f:10:22: spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
});
check("replicas are a whole number", deployment({ spec: 'replicas: "3"' }), {
  problems: ['f:5:13: spec.replicas: Invalid value: "3": must be of type integer, not string'],
});
check("replicas are not negative", deployment({ spec: "replicas: -1" }), {
  problems: ["f:5:13: spec.replicas: Invalid value: -1"],
});
check(
  "Recreate has no rolling update",
  deployment({ spec: "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}" }),
  {
    problems: ["f:5:45: spec.strategy.rollingUpdate: Forbidden"],
  },
);
check(
  "surge and unavailable are not both zero",
  deployment({ spec: "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}" }),
  {
    problems: ['f:5:59: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%"'],
  },
);

check("a bad quantity", pod("resources: {limits: {memory: 1GB}}"), {
  problems: ['f:7:54: spec.containers[0].resources.limits.memory: Invalid value: "1GB"'],
});
check("a request above its limit", pod("resources: {limits: {cpu: 1}, requests: {cpu: 1500m}}"), {
  problems: [
    'f:7:71: spec.containers[0].resources.requests.cpu: Invalid value: "1500m": must be less than or equal to cpu limit of 1',
  ],
});
check("a number as the value of a variable", pod("env: [{name: V, value: 1.10}]"), {
  problems: [
    'f:7:48: spec.containers[0].env[0].value: Invalid value: 1.1: must be of type string, not number; write it in quotes: "1.10"',
  ],
});
check("a port out of range", pod("ports: [{containerPort: 65536}]"), {
  problems: [
    "f:7:49: spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
  ],
});
check("a port twice, and a name twice", pod("ports: [{containerPort: 80, name: a}, {containerPort: 80, name: a}]"), {
  problems: [
    'f:7:89: spec.containers[0].ports[1].name: Duplicate value: "a"',
    'f:7:79: spec.containers[0].ports[1].containerPort: Duplicate value: "80/TCP"',
  ],
});
check("a UDP port is warned of", pod("ports: [{containerPort: 53, protocol: UDP}]"), {
  warnings: ["f:7:63: spec.containers[0].ports[0].protocol: UDP is not supported here"],
});
check("a mount without its volume", pod("volumeMounts: [{name: data, mountPath: /d}]"), {
  problems: ['f:7:47: spec.containers[0].volumeMounts[0].name: Not found: "data"'],
});
check(
  "a path that leads out of a volume",
  pod("volumeMounts: [{name: d, mountPath: /d, subPath: a/../../b}]", "volumes: [{name: d, emptyDir: {}}]"),
  {
    problems: ['f:7:74: spec.containers[0].volumeMounts[0].subPath: Invalid value: "a/../../b": must not contain ".."'],
  },
);
check("a volume twice, and one without a source", pod("args: []", "volumes: [{name: d, emptyDir: {}}, {name: d}]"), {
  problems: [
    "f:5:38: spec.volumes[1]: Required value: must specify a volume type",
    'f:5:45: spec.volumes[1].name: Duplicate value: "d"',
  ],
});
check("a probe needs one action", pod("livenessProbe: {periodSeconds: 0}"), {
  problems: [
    "f:7:56: spec.containers[0].livenessProbe.periodSeconds: Invalid value: 0: must be greater than or equal to 1",
  ],
});
check("a probe has one action only", pod("livenessProbe: {httpGet: {port: 80}, tcpSocket: {port: 80}}"), {
  problems: ["f:7:73: spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
});
check("a liveness probe succeeds at once", pod("livenessProbe: {tcpSocket: {port: 80}, successThreshold: 2}"), {
  problems: ["f:7:82: spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
});
check(
  "a variable of a field that is not offered",
  pod("env: [{name: V, valueFrom: {fieldRef: {fieldPath: spec.x}}}]"),
  {
    problems: ['f:7:75: spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.x"'],
  },
);
check("a runtime class that is nowhere", pod("args: []", "runtimeClassName: nope"), {
  problems: ['f:5:21: spec.runtimeClassName: Invalid value: "nope": RuntimeClass "nope" not found'],
});
check("a runtime class that stands for a handler", pod("args: []", "runtimeClassName: wasmtime-spin-v2"), {});
check("no containers", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n", {
  problems: ["f:4:20: spec.containers: Required value"],
});

for (const name of ["../x", "UPPER", "a_b", "-a", "a..b", "a".repeat(254)]) {
  check(`the name ${JSON.stringify(name.slice(0, 10))} is refused`, configMap(`{name: ${JSON.stringify(name)}}`), {
    problems: [`f:3:18: metadata.name: Invalid value: "${name.slice(0, 70)}`],
  });
}
check("a namespace that leads out", configMap('{name: a, namespace: "../b"}'), {
  problems: ["f:3:32: metadata.namespace: Invalid value"],
});
check("a label that is a number", configMap("{name: a, labels: {v: 1.0}}"), {
  problems: [
    'f:3:33: metadata.labels.v: Invalid value: 1: must be of type string, not number; write it in quotes: "1.0"',
  ],
});
check("an object without a name", configMap("{labels: {a: b}}"), {
  problems: ["f:3:11: metadata.name: Required value"],
});
check("an object twice", `${configMap("{name: a}")}---\n${configMap("{name: a, namespace: default}")}`, {
  problems: ['f:7:18: metadata.name: Duplicate value: "a": ConfigMap default/a is in f:1 too'],
});
check("one name in two namespaces", `${configMap("{name: a}")}---\n${configMap("{name: a, namespace: b}")}`, {});
check(
  "a secret's bad value is not repeated",
  "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: hunter2}\n",
  {
    problems: ["f:4:11: data.p: Invalid value: <not shown>: must be base64"],
  },
);
check("a key of a config map that leads out", `${configMap("{name: a}")}data: {../x: "1"}\n`, {
  problems: ['f:4:8: data: Invalid value: "../x"'],
});
check(
  "several ports of a service have names",
  "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}, {port: 81, name: b}]}\n",
  {
    problems: ["f:4:16: spec.ports[0].name: Required value"],
  },
);
check(
  "a node port needs its type",
  "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80, nodePort: 30080}]}\n",
  {
    problems: ["f:4:37: spec.ports[0].nodePort: Forbidden"],
  },
);

check(
  "a kind in the wrong version is told the right one",
  "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n",
  {
    problems: [
      'f:1:13: apiVersion: no matches for kind "Deployment" in version "extensions/v1beta1": use apiVersion "apps/v1"',
    ],
  },
);
check("a mistyped kind", "apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: a}\n", {
  problems: ['f:2:7: kind: no matches for kind "Deploymnt" in version "apps/v1"; did you mean Deployment?'],
});
check(
  "a kind of Kubernetes that is not supported",
  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n",
  {
    warnings: ["f:2:7: kind: kind Ingress (networking.k8s.io/v1) is not supported here"],
  },
);
check("a custom resource", "apiVersion: core.spinkube.dev/v1alpha1\nkind: SpinApp\nmetadata: {name: a}\n", {
  warnings: ["f:2:7: kind: kind SpinApp"],
});
check("a document without a kind", "a: 1\n", {
  problems: ["f:1:1: kind: Required value", "f:1:1: apiVersion: Required value"],
});
check("a document that is no map", "hello\n", { problems: ["f:1:1: a manifest's document must be a map"] });
check(
  "the items of a list, an empty document and JSON",
  `---\n---\n{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "A"}}]}`,
  {
    problems: ['f:3:111: items[0].metadata.name: Invalid value: "A"'],
  },
);

check("a key twice", "a: 1\nb: 2\na: 3\n", { problems: ['f:3:1: key "a" is already set in this map'] });
check("an anchor inside itself", "a: &a [*a]\n", { problems: ['f:1:8: alias "*a" stands inside'] });
check("an alias without an anchor", "a: *b\n", { problems: ['f:1:4: alias "*b" names no anchor'] });
check("bad syntax", "a: b: c\n", { problems: ["f:1:4: error parsing the manifest"] });
check("a tab as indentation", "a:\n\tb: 1\n", { problems: ["f:2:1: error parsing the manifest"] });
check("merge keys", "apiVersion: v1\nkind: ConfigMap\nmetadata: {<<: {name: A, labels: {}}, name: a}\ndata: {}\n", {});
check("a YAML bomb", yamlBomb(), { problems: [`f:6:9: more than ${readLimits.nodesMax} values, aliases expanded`] });
check("deep flow nesting", "[".repeat(1_000_000), { problems: [`f:1:1: more than ${readLimits.depthMax} levels`] });
check("deep block nesting", "- ".repeat(1_000_000), { problems: [`f:1:1: more than ${readLimits.depthMax} levels`] });
check("too many documents", "---\na: 1\n".repeat(1001), {
  problems: [`f:1:1: more than ${readLimits.documentsMax} documents`],
});
check("too large a file", " ".repeat(readLimits.fileBytesMax + 1), {
  problems: [`f:1:1: more than ${readLimits.fileBytesMax} bytes`],
});
check("too many tokens", "]\n".repeat(readLimits.tokensMax), {
  problems: [`f:1:1: more than ${readLimits.tokensMax} tokens`],
});

function yamlBomb(): string {
  const lines = Array.from({ length: 20 }, (_, level) => {
    const item = level === 0 ? "1" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 9 }, () => item).join(",")}]`;
  });
  return lines.join("\n");
}

test("a file of nothing but problems keeps the first of them", () => {
  const { problems } = readManifests([{ name: "f", text: "---\nx: 1\n".repeat(900) }]);
  assert.equal(problems.length, PROBLEMS_MAX);
});

test("with fieldValidation warn an unknown field does not refuse the manifest", () => {
  const files = [{ name: "f", text: deployment({ spec: "replica: 3" }) }];
  const { problems, warnings, objects } = readManifests(files, { fieldValidation: "warn" });
  assert.deepEqual([problems.length, warnings.length, objects.length], [0, 1, 1]);
});

test("defaults are those of the API server", () => {
  const [object] = readManifests([
    { name: "f", text: deployment({ container: "resources: {limits: {memory: 1024Ki}}" }) },
  ]).objects;
  assert.ok(object?.kind === "Deployment");
  assert.equal(object.metadata.namespace, "default");
  assert.deepEqual(object.spec.strategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
  });
  const { spec } = object.spec.template;
  assert.deepEqual(
    [spec.restartPolicy, spec.terminationGracePeriodSeconds, spec.enableServiceLinks],
    ["Always", 30, true],
  );
  assert.equal(spec.containers[0]?.imagePullPolicy, "Always");
  assert.deepEqual(spec.containers[0]?.resources, { limits: { memory: "1Mi" }, requests: { memory: "1Mi" } });
});

test("a namespace given by the caller holds for objects that name none", () => {
  const text = `${configMap("{name: a}")}---\n${configMap("{name: b, namespace: own}")}`;
  const { objects } = readManifests([{ name: "f", text }], { namespace: "team" });
  assert.deepEqual(
    objects.map(({ metadata }) => metadata.namespace),
    ["team", "own"],
  );
});

test("stringData of a secret is encoded and wins over data", () => {
  const text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: b2xk, b: Yg==}\nstringData: {a: new}\n";
  const [object] = readManifests([{ name: "f", text }]).objects;
  assert.ok(object?.kind === "Secret");
  assert.deepEqual(object.data, { a: "bmV3", b: "Yg==" });
});
