import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";

import { type Asked, cut, failure, NameServer, type Say, sayAddresses, silence } from "./name-server.ts";
import { ipv4, NetworkGuest } from "./network-guest.ts";

const anyName = ["*"];

/** A guest whose name server answers so, and what it asked. */
async function lookUp(
  name: string,
  answer: (asked: Asked) => Say,
  more: { readonly resolvConf?: string; readonly hosts?: string; readonly outbound?: readonly string[] } = {},
) {
  await using server = await NameServer.start(answer);
  const { resolvConf = "", hosts = "", outbound = anyName } = more;
  const file = `nameserver 127.0.0.1\noptions timeout:1 attempts:1\n${resolvConf}`;
  using guest = new NetworkGuest({ outbound, hosts, resolvConf: file }, { nameServerPort: server.port });
  return { found: await guest.lookUp(name), asked: server.asked };
}

function answering(names: Readonly<Record<string, readonly string[]>>) {
  return (asked: Asked): Say => sayAddresses(names, asked);
}

function namesOf(asked: readonly Asked[]): readonly string[] {
  return [...new Set(asked.map(({ name }) => name))];
}

test("a name has the addresses that the name server says, of both kinds", async () => {
  const names = { "a.test": ["192.0.2.1", "2001:db8::1", "192.0.2.2"], "xn--bcher-kva.test": ["192.0.2.3"] };
  const answer = answering(names);
  const { found, asked } = await lookUp("A.test", answer);
  assert.deepEqual(found, ["192.0.2.1", "192.0.2.2", "2001:db8:0:0:0:0:0:1"]);
  assert.deepEqual(asked.map(({ type }) => type).toSorted(), ["A", "AAAA"]);
  assert.deepEqual((await lookUp("bücher.test", answer)).found, ["192.0.2.3"]);
});

test("a name is searched in the pod's domains, and not where it is whole", async () => {
  const resolvConf = "search web.svc.local svc.local\noptions ndots:5";
  const answer = answering({ "db.svc.local": ["192.0.2.1"], db: ["192.0.2.2"] });
  const inDomains = await lookUp("db", answer, { resolvConf });
  assert.deepEqual(inDomains.found, ["192.0.2.1"]);
  assert.deepEqual(namesOf(inDomains.asked), ["db.web.svc.local", "db.svc.local"]);
  const whole = await lookUp("db.", answer, { resolvConf });
  assert.deepEqual([whole.found, namesOf(whole.asked)], [["192.0.2.2"], ["db"]]);
});

test("the hosts file comes before every server, and addresses and localhost ask nobody", async () => {
  const answer = answering({ "a.test": ["192.0.2.1"] });
  const { found, asked } = await lookUp("a.test", answer, { hosts: "10.0.0.1 a.test\n" });
  assert.deepEqual([found, asked], [["10.0.0.1"], []]);
  assert.deepEqual((await lookUp("192.0.2.7", answer)).found, ["192.0.2.7"]);
  assert.deepEqual((await lookUp("localhost", answer)).found, ["127.0.0.1", "0:0:0:0:0:0:0:1"]);
});

test("an answer that does not fit is asked for by a connection, and so is all where the file says it", async () => {
  const names = { "a.test": Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`) };
  const answer = (asked: Asked): Say => (asked.by === "udp" ? cut : sayAddresses(names, asked));
  const { found, asked } = await lookUp("a.test", answer);
  assert.deepEqual(found, names["a.test"]);
  assert.deepEqual(new Set(asked.map(({ by }) => by)), new Set(["udp", "tcp"]));
  const byTcp = await lookUp("a.test", answer, { resolvConf: "options use-vc" });
  assert.deepEqual([byTcp.found, new Set(byTcp.asked.map(({ by }) => by))], [names["a.test"], new Set(["tcp"])]);
});

test("no name, no answer and no right are told apart", async () => {
  assert.equal((await lookUp("a.test", (asked) => sayAddresses({}, asked))).found, "name-unresolvable");
  assert.equal((await lookUp("a.test", (asked) => sayAddresses({ "a.test": [] }, asked))).found, "name-unresolvable");
  assert.equal((await lookUp("a.test", () => failure)).found, "temporary-resolver-failure");
  assert.equal((await lookUp("a.test", () => silence)).found, "temporary-resolver-failure");
  assert.equal((await lookUp("not a name", () => silence)).found, "invalid-argument");
  const { found, asked } = await lookUp("secrets.attacker.test", () => silence, { outbound: ["a.test"] });
  assert.deepEqual([found, asked], ["access-denied", []]);
});

test("a server that answers nothing is asked as often as the file says, and the next one is asked too", async () => {
  await using quiet = await NameServer.start(() => failure);
  await using server = await NameServer.start((asked) => sayAddresses({ "a.test": ["192.0.2.1"] }, asked), {
    address: "127.0.0.2",
    port: quiet.port,
  });
  const resolvConf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions attempts:2";
  using guest = new NetworkGuest({ outbound: anyName, resolvConf }, { nameServerPort: server.port });
  assert.deepEqual(await guest.lookUp("a.test"), ["192.0.2.1"]);
  using alone = new NetworkGuest(
    { outbound: anyName, resolvConf: "nameserver 127.0.0.1\noptions attempts:3" },
    { nameServerPort: quiet.port },
  );
  quiet.asked.length = 0;
  assert.equal(await alone.lookUp("a.test"), "temporary-resolver-failure");
  assert.equal(quiet.asked.filter(({ type }) => type === "A").length, 3);
});

test("a name that is rebound leads to no address that its rule does not allow", async () => {
  const target = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(target, "listening");
  const { port } = target.address() as AddressInfo;
  const turns = ["192.0.2.1", "169.254.169.254", "127.0.0.1"];
  await using server = await NameServer.start((asked) => {
    return sayAddresses({ "a.test": asked.type === "A" ? [turns.shift() ?? ""] : [] }, asked);
  });
  using guest = new NetworkGuest(
    { outbound: ["a.test"], resolvConf: "nameserver 127.0.0.1" },
    { nameServerPort: server.port },
  );
  // Allowed: it is what the name was found to be. Nothing answers there, so the connection is only begun.
  assert.deepEqual(await guest.lookUp("a.test"), ["192.0.2.1"]);
  const begun = await guest.call(
    "sockets/tcp#[method]tcp-socket.start-connect",
    await guest.tcp(),
    {},
    ipv4("192.0.2.1", 80),
  );
  assert.deepEqual(begun, { tag: "ok" });
  for (const address of ["169.254.169.254", "127.0.0.1"]) {
    assert.deepEqual(await guest.lookUp("a.test"), [address]);
    assert.equal(await guest.finish("tcp", "connect", await guest.tcp(), ipv4(address, port)), "access-denied");
  }
  target.close();
});
