import assert from "node:assert/strict";
import test from "node:test";

import { takeOutHandlers } from "./handler-tables.ts";

function check(name: string, text: string, expected: string): void {
  test(`tables of handlers taken out: ${name}`, () => {
    assert.equal(
      takeOutHandlers(text, ({ runtimeType }) => runtimeType.startsWith("/opt/kwasm/")),
      expected,
    );
  });
}

const runtimes = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
const spin = `${runtimes}.spin]\n  runtime_type = "/opt/kwasm/bin/containerd-shim-spin-v2"\n`;

check("none there", "version = 2\n", "version = 2\n");
check("one at the end", `version = 2\n\n${spin}`, "version = 2\n");
check("with its options", `a = 1\n${spin}${runtimes}.spin.options]\n  SystemdCgroup = true\n[b]\n`, "a = 1\n[b]\n");
check("comments of what follows stay", `${spin}\n# of b\n[b]\n`, "\n# of b\n[b]\n");
check(
  "of somebody else",
  `${runtimes}.spin]\n  runtime_type = "io.containerd.spin.v2"\n`,
  `${runtimes}.spin]\n  runtime_type = "io.containerd.spin.v2"\n`,
);
check(
  "a longer name that begins alike",
  `${spin}${runtimes}.spin-x]\n  runtime_type = "x"\n`,
  `${runtimes}.spin-x]\n  runtime_type = "x"\n`,
);
check("named in a comment only", `# ${spin}`, `# ${spin}`);
check("with what runtime-class-manager wrote above", `a = 1\n\n# RCM runtime config for spin\n${spin}`, "a = 1\n");
