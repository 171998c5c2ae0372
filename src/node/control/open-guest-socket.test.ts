import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { test } from "node:test";

import type { SocketOrder } from "../channel/index.ts";
import { localAddressOf } from "../syscall/socket.ts";
import type { NetworkGrant } from "../workload.ts";
import { openGuestSocket } from "./open-guest-socket.ts";

const outgoing: NetworkGrant = { outbound: ["a.test"], binds: [] };
const serving: NetworkGrant = { outbound: [], binds: ["*:*"] };

function checkRefused(order: SocketOrder, grant: NetworkGrant | undefined): void {
  assert.throws(() => openGuestSocket(order, { grant }), { code: "EACCES" });
}

test("a guest without a grant gets no socket, and one that may not listen no port of its choice", () => {
  const tcp = { family: "ipv4", protocol: "tcp" } as const;
  checkRefused(tcp, undefined);
  checkRefused(tcp, { outbound: [], binds: [] });
  checkRefused({ ...tcp, bind: { address: "127.0.0.1", port: 8080 } }, outgoing);
  closeSync(openGuestSocket(tcp, { grant: outgoing }));
});

test("a socket is bound where it is asked to be, and what the system refuses has its code", () => {
  const bind = { address: "127.0.0.1", port: 0 };
  const fd = openGuestSocket({ family: "ipv4", protocol: "tcp", bind }, { grant: serving });
  const { address, port } = localAddressOf(fd);
  assert.equal(address, "127.0.0.1");
  const udp = openGuestSocket({ family: "ipv4", protocol: "udp", bind: { address, port } }, { grant: serving });
  assert.throws(
    () => openGuestSocket({ family: "ipv4", protocol: "udp", bind: { address, port } }, { grant: serving }),
    { code: "EADDRINUSE" },
  );
  closeSync(fd);
  closeSync(udp);
});

test("a socket is in the network of its guest's sandbox", async () => {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo ready; read -r end"]);
  await once(child.stdout, "data");
  const networkNamespace = `/proc/${String(child.pid)}/ns/net`;
  const any: SocketOrder = { family: "ipv4", protocol: "udp", bind: { address: "0.0.0.0", port: 0 } };
  const here = openGuestSocket(any, { grant: serving });
  const { port } = localAddressOf(here);
  // The port is free there, because it is another network.
  const same: SocketOrder = { ...any, bind: { address: "0.0.0.0", port } };
  const there = openGuestSocket(same, { grant: serving, networkNamespace });
  assert.equal(localAddressOf(there).port, port);
  assert.throws(() => openGuestSocket(same, { grant: serving }), { code: "EADDRINUSE" });
  for (const fd of [here, there]) closeSync(fd);
  child.stdin.end();
  await once(child, "exit");
});
