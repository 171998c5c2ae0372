import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { HostError } from "../host-error.ts";
import { type IpAddress, parseIpAddress } from "./ip-address.ts";
import { resolvedAddressesMax } from "./limits.ts";
import { GuestNetwork } from "./network.ts";
import { parseNetworkRules } from "./network-policy.ts";
import { connectHere } from "./plain-access.ts";
import { ResolvedNames } from "./resolved-names.ts";

const never = new AbortController().signal;

/** A network of this machine, in which names mean what `answers` says in turn. */
function networkOf(outbound: readonly string[], ...answers: readonly (readonly string[])[]): GuestNetwork {
  const left = [...answers];
  return new GuestNetwork({
    policy: parseNetworkRules({ outbound, binds: [] }),
    access: {
      connect: connectHere,
      async lookUp() {
        const addresses = (left.shift() ?? []).map(ip);
        return { addresses, isFromHostsFile: true };
      },
      open: () => Promise.reject(new HostError("unsupported", "open a socket in this test")),
      socketOf: () => assert.fail("no socket is asked for here"),
    },
  });
}

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  assert.ok(address, text);
  return address;
}

async function listenHere(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

async function readAll(network: GuestNetwork, host: string, port: number): Promise<string> {
  const socket = await network.connect({ scheme: "tcp", host, port }, never);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function failsWith(code: string) {
  return (thrown: unknown) => thrown instanceof HostError && thrown.code === code;
}

test("connects by address and by name where a rule allows it", async () => {
  await using server = await listenHere();
  const { port } = server;
  assert.equal(await readAll(networkOf([`127.0.0.1:${port}`]), "127.0.0.1", port), "hello");
  assert.equal(await readAll(networkOf(["localhost"]), "localhost", port), "hello");
  assert.equal(await readAll(networkOf(["a.test"], ["127.0.0.1"]), "A.test.", port), "hello");
  await assert.rejects(readAll(networkOf([]), "127.0.0.1", port), failsWith("access"));
  await assert.rejects(readAll(networkOf(["b.test"]), "a.test", port), failsWith("access"));
});

test("tries the addresses of a name in turn, those that are allowed only", async () => {
  await using server = await listenHere();
  const network = networkOf(["a.test"], ["169.254.169.254", "127.0.0.2", "127.0.0.1"], ["127.0.0.3"]);
  assert.equal(await readAll(network, "a.test", server.port), "hello");
  await assert.rejects(readAll(network, "a.test", server.port), failsWith("connection-refused"));
});

test("a name that means something else the second time leads nowhere that is not allowed", async () => {
  const network = networkOf(["a.test"], ["10.0.0.1"], ["169.254.169.254"]);
  const target = { scheme: "tcp", port: 80 };
  await network.lookUp("a.test", never);
  assert.deepEqual(
    [network.mayConnect(ip("10.0.0.1"), target), network.mayConnect(ip("10.0.0.2"), target)],
    [true, false],
  );
  await assert.rejects(network.connect({ ...target, host: "a.test" }, never), failsWith("destination-prohibited"));
  assert.equal(network.mayConnect(ip("169.254.169.254"), target), false);
});

test("looks up nothing that no rule names, and addresses as themselves", async () => {
  const network = networkOf(["a.test"], ["10.0.0.1"]);
  assert.deepEqual(await network.lookUp("a.test", never), [ip("10.0.0.1")]);
  assert.deepEqual(await network.lookUp("192.0.2.1", never), [ip("192.0.2.1")]);
  await assert.rejects(network.lookUp("secret.attacker.test", never), failsWith("access"));
});

test("a connection that nobody waits for any more is given up", async () => {
  const controller = new AbortController();
  // Reserved for documentation: nothing answers, and nothing refuses.
  const connecting = networkOf(["192.0.2.1"]).connect({ scheme: "tcp", host: "192.0.2.1", port: 9 }, controller.signal);
  controller.abort();
  await assert.rejects(connecting, HostError);
});

function addressNumbered(number: number): IpAddress {
  return { family: "ipv4", bits: BigInt(number) };
}

test("names are remembered up to a limit, the latest ones", () => {
  const names = new ResolvedNames();
  for (let number = 0; number <= resolvedAddressesMax; number++) {
    names.remember([addressNumbered(number)], { name: `n${number}`, isFromHostsFile: false });
  }
  assert.deepEqual(names.of(addressNumbered(0)), []);
  assert.equal(names.of(addressNumbered(1))[0]?.name, "n1");
});
