import assert from "node:assert/strict";
import { test } from "node:test";

import { KwasmCommand } from "../command-fixture.ts";
import { RegistryServer, user } from "./registry-server.ts";

interface PodOptions {
  readonly name: string;
  readonly image: string;
  readonly policy: string;
  readonly more?: string;
}

function pod({ name, image, policy, more = "" }: PodOptions): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: one, image: "${image}", imagePullPolicy: ${policy} }]
  ${more}
`;
}

/** As `kubectl create secret docker-registry` makes it. */
function secretFor(host: string): string {
  const auth = Buffer.from(`${user.name}:${user.password}`).toString("base64");
  const document = JSON.stringify({ auths: { [host]: { auth } } });
  return `apiVersion: v1
kind: Secret
metadata: { name: registry }
type: kubernetes.io/dockerconfigjson
data: { .dockerconfigjson: ${Buffer.from(document).toString("base64")} }
`;
}

test("a pod's image is pulled with the credentials of its secret, and what a registry refuses is said in kubectl's words", async () => {
  await using registry = await RegistryServer.start({ hasPassword: true });
  await using builder = new KwasmCommand();
  const image = `${registry.host}/team/ticker:v1`;
  const guest = builder.writeGuest("ticker");
  const built = await builder.run(["build", guest, "-t", image]);
  assert.equal(built.code, 0, built.stderr);
  await builder.check(`push -q --creds ${user.name}:${user.password} ${image}`, {});

  await using kwasm = new KwasmCommand();
  const options = { cwd: kwasm.directory, env: { HOME: kwasm.directory } };
  await kwasm.check(
    "up -d -",
    { code: 1, stderr: new RegExp(`is in ErrImagePull: pull image "${image}": .* answered 401`) },
    { ...options, input: pod({ name: "refused", image, policy: "Always" }) },
  );
  await kwasm.check("describe pod refused", { stdout: /Failed +.*Failed to pull image/ }, options);
  await kwasm.check(
    "up -d -",
    { code: 1, stderr: /is in ErrImageNeverPull: / },
    { ...options, input: pod({ name: "never", image, policy: "Never" }) },
  );
  const more = "imagePullSecrets: [{ name: registry }]";
  const manifest = `${secretFor(registry.host)}---\n${pod({ name: "allowed", image, policy: "IfNotPresent", more })}`;
  await kwasm.check("up -d -", { stdout: /pod\/allowed created/ }, { ...options, input: manifest });
  const described = await kwasm.check("describe pod allowed", {}, options);
  assert.match(described.stdout, /Pulling +.*Pulling image/);
  assert.match(described.stdout, /Pulled +.*Successfully pulled image/);
  assert.ok(!described.stdout.includes(user.password), "no password is shown");
});
