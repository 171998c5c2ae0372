import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type RegistryHostsOptions, routeTo } from "./registry-hosts.ts";

interface Expected {
  readonly endpoints: readonly string[];
  readonly mayBePlain?: boolean;
}

/** Endpoints are written as `credentials' name, address, capabilities, what differs from the usual TLS`. */
function check(
  registry: string,
  files: Readonly<Record<string, string>>,
  expected: Expected,
  options: Partial<RegistryHostsOptions> = {},
): void {
  test(`the route to ${registry} with ${Object.keys(files).join(", ") || "no configuration"}`, () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-hosts-"));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(directory.path, path, ".."), { recursive: true });
      writeFileSync(join(directory.path, path), content);
    }
    const route = routeTo(registry, { directories: [directory.path], ...options });
    const endpoints = route.endpoints.map(({ registry: name, base, capabilities, tls, mirrored }) =>
      [
        name,
        base.href,
        [...capabilities].join("+"),
        tls.ca === undefined ? "" : `ca=${tls.ca.join("+")}`,
        tls.isUnverified === true ? "unverified" : "",
        mirrored === undefined ? "" : `mirrors ${mirrored}`,
      ]
        .filter(Boolean)
        .join(" "),
    );
    assert.deepEqual({ endpoints, mayBePlain: route.mayBePlain }, { mayBePlain: false, ...expected });
  });
}

check("docker.io", {}, { endpoints: ["docker.io https://registry-1.docker.io/v2/ pull+resolve+push"] });
check("r.io:5000", {}, { endpoints: ["r.io:5000 https://r.io:5000/v2/ pull+resolve+push"] });
check(
  "localhost:5000",
  {},
  { endpoints: ["localhost:5000 https://localhost:5000/v2/ pull+resolve+push"], mayBePlain: true },
);
check("[::1]:5000", {}, { endpoints: ["[::1]:5000 https://[::1]:5000/v2/ pull+resolve+push"], mayBePlain: true });
check(
  "r.io",
  {},
  { endpoints: ["r.io https://r.io/v2/ pull+resolve+push unverified"], mayBePlain: true },
  { isVerified: false },
);
check(
  "ghcr.io",
  {
    "ghcr.io/hosts.toml": `
server = "https://ghcr.io"
[host."http://10.0.0.1:5000"]
capabilities = ["pull", "resolve"]
[host."https://m.example/cache/v2"]
capabilities = "pull"
ca = "m.pem"
skip_verify = true
override_path = true
`,
    "ghcr.io/m.pem": "PEM",
  },
  {
    endpoints: [
      "10.0.0.1:5000 http://10.0.0.1:5000/v2/ pull+resolve mirrors ghcr.io",
      "m.example https://m.example/cache/v2/ pull ca=PEM unverified mirrors ghcr.io",
      "ghcr.io https://ghcr.io/v2/ pull+resolve+push",
    ],
  },
);
check(
  "r.io:5000",
  { "r.io_5000_/hosts.toml": 'server = "http://r.io:5000"' },
  { endpoints: ["r.io:5000 http://r.io:5000/v2/ pull+resolve+push"] },
);
check(
  "any.io",
  { "_default/hosts.toml": '[host."m.example:5000"]' },
  {
    endpoints: [
      "m.example:5000 https://m.example:5000/v2/ pull+resolve+push mirrors any.io",
      "any.io https://any.io/v2/ pull+resolve+push",
    ],
  },
);
check(
  "r.io",
  { "r.io/b.crt": "B", "r.io/a.crt": "A", "r.io/client.key": "no" },
  { endpoints: ["r.io https://r.io/v2/ pull+resolve+push ca=A+B"] },
);

function checkRefused(text: string, expected: { readonly code: string; readonly message: RegExp }): void {
  test(`hosts.toml is refused: ${text.replaceAll("\n", " ")}`, () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-hosts-"));
    mkdirSync(join(directory.path, "r.io"));
    writeFileSync(join(directory.path, "r.io", "hosts.toml"), text);
    assert.throws(() => routeTo("r.io", { directories: [directory.path] }), expected);
  });
}

checkRefused("server = 1", { code: "invalid-argument", message: /"server"/ });
checkRefused("host = []", { code: "invalid-argument", message: /"host"/ });
checkRefused('[host."ftp://x"]', { code: "invalid-argument", message: /ftp:\/\/x/ });
checkRefused('[host."x"]\ncapabilities = ["all"]', { code: "invalid-argument", message: /capabilities/ });
checkRefused('[host."x"]\nclient = "x.pem"', { code: "unsupported", message: /"client"/ });
checkRefused('[host."x"]\nca = "absent.pem"', { code: "not-found", message: /absent\.pem/ });
checkRefused("server = ", { code: "invalid-argument", message: /hosts\.toml/ });
