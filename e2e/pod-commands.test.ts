import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { endOf, type Expected, isAlive, KwasmCommand, outputOnce, processTree, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());
for (const name of ["ticker", "words"]) kwasm.writeGuest(name, "guests");
kwasm.writeGuest("trapper");

function check(line: string, expected: Expected, input = ""): Promise<unknown> {
  return kwasm.check(line, expected, { cwd: kwasm.directory, input });
}

/** Arguments, then what the kubelet gives every container. */
const wordsLog = /^\/words\.wasm\0a\0b\0HOSTNAME=words\0TICKER_SERVICE_HOST=127\./;

function pod(name: string, image: string, more = ""): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  restartPolicy: ${image === "words" ? "Never" : "Always"}
  containers: [{ name: one, image: "${image}:v1"${more} }]
`;
}

kwasm.write(
  "guests/objects.yaml",
  [
    pod("ticker", "ticker"),
    pod("words", "words", ", args: [a, b]"),
    `apiVersion: v1
kind: Pod
metadata: { name: pair, namespace: other, labels: { app: pair } }
spec:
  containers: [{ name: left, image: "ticker:v1" }, { name: right, image: "ticker:v1" }]
`,
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n",
    "apiVersion: v1\nkind: Secret\nmetadata: { name: hidden }\nstringData: { a: b }\n",
    "apiVersion: v1\nkind: Service\nmetadata: { name: ticker }\nspec: { selector: { app: ticker }, ports: [{ port: 8080 }] }\n",
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { tier: front } }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: one, image: "ticker:v1" }] }
`,
  ].join("---\n"),
);

test("before anything has run, questions are answered and start nothing", async () => {
  await check("get pods", { stderr: "No resources found in default namespace.\n" });
  await check("get pod absent", { code: 1, stderr: /^error: find Pod "absent": there is none\n$/ });
  await check("down", {});
  await check("get pods -A", { stderr: "No resources found\n" });
});

test("up makes what a folder describes, and a second one changes nothing", async () => {
  await check("up -d guests", {
    stdout: /^pod\/ticker created\n[^]*namespace\/other created\n[^]*service\/ticker answers at 127\.\d+\.0\.1:8080\n$/,
    stderr: /^(?:Building image "\w+:v1"\n){2}$/,
  });
  await check("up -d guests", {
    stdout: /^(?:\S+ unchanged\n)+deployment "web" successfully rolled out\nservice.*\n$/,
  });
});

test("get shows kinds by any of their names, single objects, and selections", async () => {
  await check("get po", { stdout: /^NAME +READY +STATUS +RESTARTS +AGE\nticker +1\/1 +Running +0 +\d+s\n/ });
  await check("get pod words", { stdout: /\nwords +0\/1 +Completed +0 +\d+s\n$/ });
  await check("get pods ticker words", { stdout: /\nticker .*\nwords .*\n$/ });
  await check("get pod/ticker deploy/web", {
    stdout: /^NAME.*\npod\/ticker .*\n\nNAME.*\ndeployment\.apps\/web .*\n$/,
  });
  await check("get pods -l app=ticker", { stdout: /^NAME.*\nticker .*\n$/ });
  await check("get pods -l app!=ticker,app!=web", { stdout: /^NAME.*\nwords .*\n$/ });
  await check("get pods -n other", { stdout: /^NAME.*\npair +2\/2 .*\n$/ });
  await check("get pods -A", { stdout: /^NAMESPACE +NAME .*\ndefault +ticker[^]*\nother +pair/ });
  await check("get deploy,svc,cm,secrets,ns", {
    stdout:
      /^NAME[^]*deployment\.apps\/web [^]*service\/ticker [^]*configmap\/settings [^]*secret\/hidden [^]*namespace\/other /,
  });
  await check("get all", { stdout: /pod\/ticker [^]*service\/ticker [^]*deployment\.apps\/web / });
  await check("get runtimeclasses", { stderr: "No resources found\n" });
  await check("get pods -l app=none", { stderr: "No resources found in default namespace.\n" });
});

test("get prints in the formats of kubectl", async () => {
  await check("get pod ticker -o wide", { stdout: /^NAME .* IP +NODE .*\nticker .* 127\.\d+\.0\.\d+ / });
  await check("get pods,deploy -l app=ticker -o name", { stdout: "pod/ticker\n" });
  await check("get pod ticker -o yaml", { stdout: /^apiVersion: v1\nkind: Pod\nmetadata:\n[^]*\n {2}name: ticker\n/ });
  await check("get cm -o yaml", { stdout: /^apiVersion: v1\nitems:\n[^]*kind: ConfigMap[^]*\nkind: List\n/ });
  const { stdout } = await kwasm.check("get cm settings -o json", {});
  assert.deepEqual((JSON.parse(stdout) as { data: unknown }).data, { a: "b" });
});

test("get -w goes on with every change until Ctrl-C", async () => {
  const watching = kwasm.start(["get", "pods", "-l", "app=web", "-w"]);
  await outputOnce(watching.stdout.iterator({ destroyOnReturn: false }), /^NAME.*\nweb-.* 1\/1 +Running/);
  await check("scale deploy/web --replicas=2", { stdout: "deployment.apps/web scaled\n" });
  await outputOnce(watching.stdout.iterator({ destroyOnReturn: false }), /^(?:web-.*\n)*web-\S+ +1\/1 +Running .*\n/);
  watching.kill("SIGINT");
  const [code] = (await once(watching, "exit")) as [number];
  assert.equal(code, 130);
  await check("scale deploy web --replicas 1", {});
});

test("describe shows single objects, all of a kind, and selections", async () => {
  await check("describe pod ticker", { stdout: /^Name: +ticker\nNamespace: +default\n[^]*\nEvents:\n[^]* Started / });
  await check("describe deploy/web", { stdout: /^Name: +web\n[^]*\nReplicas: / });
  await check("describe svc ticker", { stdout: /^Name: +ticker\n[^]*\nEndpoints: +127\./ });
  await check("describe secret hidden", { stdout: /\na: +1 bytes\n/ });
  await check("describe pods -l app=words", { stdout: /^Name: +words\n(?![^]*\nName:)/ });
  await check("describe pod absent", {
    code: 1,
    stderr: /^error: .*Pod "absent" in namespace "default": there is none\n/,
  });
});

test("logs shows pods, containers, ends and times of their output", async () => {
  await check("logs words", { stdout: wordsLog });
  await check("logs pod/words --tail=0", { stdout: "" });
  // As the kubelet does, what is written meanwhile is shown too.
  await check("logs ticker --tail 2", { stdout: /^(?:tick\n){2,}$/ });
  await check("logs ticker --tail 1 --timestamps", { stdout: /^(?:\d{4}-\d\d-\d\dT[\d:.]+Z tick\n)+$/ });
  await check("logs ticker --since 1h --tail 1", { stdout: /^(?:tick\n)+$/ });
  await check("logs words --since 0s", { stdout: "" });
  await check("logs pair -n other -c right --tail 1", { stdout: /^(?:tick\n)+$/ });
  await check("logs pair -n other --all-containers --tail 1", {
    stdout: /^(?:\[pod\/pair\/left\] tick\n)+(?:\[pod\/pair\/right\] tick\n)+$/,
  });
  await check("logs -l app=web --prefix --tail 1", { stdout: /^(?:\[pod\/web-\w+-\w+\/one\] tick\n)+$/ });
  await check("logs deploy/web --tail 1", { stdout: /tick\n$/ });
  await check("logs pair -n other -c none", {
    code: 1,
    stderr: /^error: .*"none" of pod "pair": it has "left", "right"\n/,
  });
  await check("logs ticker -p", { code: 1, stderr: /^error: .*has had one run only\n/ });
  await check("logs absent", { code: 1, stderr: /^error: .*"absent".*there is none\n/ });
  await check("logs", { code: 2, stderr: /^error: POD is missing/ });
});

test("logs -f goes on until Ctrl-C, and ends with a pod that has ended", async () => {
  const following = kwasm.start(["logs", "-f", "ticker", "--tail", "1"]);
  await outputOnce(following.stdout.iterator({ destroyOnReturn: false }), /^tick\n(?:tick\n){5}/);
  const ended = endOf(following);
  following.kill("SIGINT");
  assert.equal((await ended).code, 130);
  await check("logs -f words", { stdout: wordsLog });
});

test("a command that is wrong says how it is written, and changes nothing", async () => {
  await check("get", { code: 2, stderr: /^error: KIND is missing/ });
  await check("get gizmos", { code: 2, stderr: /^error: unknown kind "gizmos": give one of .*\bpods\b/ });
  await check("get pods -o xml", { code: 2, stderr: /^error: read --output "xml"/ });
  await check("get pods ticker -A", { code: 2, stderr: /^error: a name cannot be given together with -A or -l\n/ });
  await check("scale deploy/web", { code: 2, stderr: /^error: --replicas COUNT is missing\n/ });
  await check("scale deploy/web --replicas x", { code: 2, stderr: /^error: read --replicas "x"/ });
  await check("scale pod/ticker --replicas 1", { code: 2, stderr: /only deployments have replicas\n/ });
  await check("scale deploy/absent --replicas 1", { code: 1, stderr: /^error: .*"absent"/ });
  await check("delete pod", { code: 2, stderr: /^error: NAME is missing/ });
  await check("down now", { code: 2, stderr: /^error: unexpected operand "now"\n/ });
  await check("up", { code: 2, stderr: /^error: FILE is missing\n/ });
  await check("up -d absent.yaml", { code: 1, stderr: /^error: read manifest "absent\.yaml"/ });
  await check("up -d -", { code: 2, stderr: /^error: -:\d+:\d+: / }, "apiVersion: v1\nkind: Pod\nmetadata: {}\n");
});

test("delete takes names, selections, kinds, files and standard input", async () => {
  await check("delete pod absent", { code: 1, stderr: /^error: delete pod "absent": not found\n/ });
  await check("delete pod absent --ignore-not-found", {});
  await check("delete pod words", { stdout: 'pod "words" deleted from default namespace\n' });
  await check("delete deploy,cm -l tier=front", { stdout: 'deployment.apps "web" deleted from default namespace\n' });
  await check("delete secret --all", { stdout: 'secret "hidden" deleted from default namespace\n' });
  await check(
    "delete -f - --grace-period 0",
    { stdout: 'pod "ticker" deleted from default namespace\n' },
    pod("ticker", "ticker"),
  );
  await check("delete ns/other", { stdout: 'namespace "other" deleted\n' });
  await check("get pods -n other", { stderr: "No resources found in other namespace.\n" });
  await check("get svc,cm", { stdout: /service\/ticker [^]*configmap\/settings / });
});

test("up -d says at once why a pod cannot start", async () => {
  await check(
    "up -d -",
    {
      code: 1,
      stdout: "pod/gone created\n",
      stderr:
        /^error: start pod "gone": container "one" is in ErrImagePull: .*gone:v1.*; see 'kwasm describe pod gone -n default'\n$/,
    },
    pod("gone", "localhost/gone"),
  );
  const probe = ", ports: [{ containerPort: 80 }], readinessProbe: { httpGet: { port: 80 } }";
  await check(
    "up -d -",
    {
      code: 1,
      stdout: "pod/trap created\n",
      stderr:
        /error: start pod "trap": container "one" is in CrashLoopBackOff \(Error, exit code 134\): .*out of bounds/,
    },
    pod("trap", "trapper", probe),
  );
  await check("logs trap", { stdout: "" });
  await check("logs trap -p", { stdout: "" });
  await check("delete pod gone trap", {});
});

test("up in the foreground shows the logs, and SIGINT ends what it started", async () => {
  const { pid } = await kwasm.health();
  const processes = processTree(pid);
  const up = kwasm.start(["up", "-"], { cwd: kwasm.directory });
  up.stdin.end(pod("shown", "ticker"));
  await outputOnce(up.stdout.iterator({ destroyOnReturn: false }), /^pod\/shown created\n[^]*^shown \| tick\n/m);
  const ended = endOf(up);
  up.kill("SIGINT");
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [130, "Stopping; Ctrl-C again leaves at once\n"]);
  await until("control has ended with its last pod", () => !processes.some(isAlive));
  await check("get svc", { stdout: /^NAME.*\nticker / });
});

test("down --keep only ends the processes, down forgets all", async () => {
  const { pid } = await kwasm.health();
  await check("down --keep", {});
  await until("control has ended", () => !isAlive(pid));
  await check("get cm", { stdout: /\nsettings +1 / });
  await check("down", {});
  await check("get cm", { stderr: "No resources found in default namespace.\n" });
});

test("version and help are told without a state folder", async () => {
  await check("version", { stdout: /^kwasm \d+\.\d+\.\d+ \(node 26\.\d+\.\d+, V8 [\w.-]+\)\n$/ });
  await check("help", { stdout: /^KWasm [^]*\n {2}up +Run Kubernetes manifests on this machine\n/ });
  for (const name of ["run", "up", "get", "describe", "logs", "scale", "delete", "down", "build", "images", "rmi"]) {
    await check(`${name} --help`, { stdout: new RegExp(`^Usage: kwasm ${name} \\[OPTIONS\\]`) });
  }
});
