import assert from "node:assert/strict";
import { test } from "node:test";

import { type ContainerPorts, httpListenerOf, PORTS_MAX, portsOf } from "./container-ports.ts";

function read(text: string): ContainerPorts {
  return portsOf({ "io.kubernetes.container.ports": text });
}

function portNamed(value: string): number {
  return httpListenerOf([["PORT", value]]).port;
}

/** What is declared, and the sockets that are opened for it. */
function check(declared: readonly object[], sockets: readonly string[], unserved: readonly string[] = []): void {
  const ports = read(JSON.stringify(declared));
  const opened = ports.listeners.map(
    ({ address, port, protocol }) => `${address}:${String(port)}/${protocol ?? "tcp"}`,
  );
  assert.deepEqual([opened, ports.unserved], [sockets, unserved]);
}

test("each TCP or UDP port is one socket, in the order of the manifest", () => {
  assert.deepEqual(portsOf({}).listeners, []);
  assert.deepEqual(read("").listeners, []);
  check([{ name: "http", containerPort: 8080, protocol: "TCP" }, { containerPort: 90 }], ["*:8080/tcp", "*:90/tcp"]);
  check(
    [
      { containerPort: 53, protocol: "UDP" },
      { containerPort: 53, protocol: "TCP" },
    ],
    ["*:53/udp", "*:53/tcp"],
  );
  check([{ containerPort: 80 }, { containerPort: 80, hostPort: 8080 }], ["*:80/tcp"]);
});

test("a port of another protocol is no socket and no error", () => {
  check([{ containerPort: 132, protocol: "SCTP" }, { containerPort: 80 }], ["*:80/tcp"], ["132/SCTP"]);
});

test("what is no list of ports is refused with its text", () => {
  for (const text of [
    "{",
    "{}",
    "[1]",
    `[{"containerPort":0}]`,
    `[{"containerPort":65536}]`,
    `[{"containerPort":"80"}]`,
    `[{"containerPort":80,"protocol":6}]`,
  ]) {
    assert.throws(() => read(text), { code: "invalid-argument", message: /container\.ports/u });
  }
});

test("a container that answers HTTP and declares no port is at PORT, else at 80", () => {
  assert.deepEqual(httpListenerOf([]), { address: "*", port: 80 });
  assert.deepEqual(["8080", "65535", "65536", "0", "http", ""].map(portNamed), [8080, 65_535, 80, 80, 80, 80]);
});

test("a container may have as many ports as the limit and no more", () => {
  const list = Array.from({ length: PORTS_MAX + 1 }, (_, index) => ({ containerPort: index + 1 }));
  assert.equal(read(JSON.stringify(list.slice(1))).listeners.length, PORTS_MAX);
  assert.throws(() => read(JSON.stringify(list)), { code: "limit-exceeded" });
});
