import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { formatIpAddress, type IpAddress, parseIpAddress } from "./ip-address.ts";
import { networkRuleLengthMax, networkRulesMax } from "./limits.ts";
import { type FoundName, mayAskFor, mayBind, mayConnect, mayLookUp, parseNetworkRules } from "./network-policy.ts";
import { isMetadataAddress } from "./special-addresses.ts";

function policyOf(outbound: readonly string[], binds: readonly string[] = []) {
  return parseNetworkRules({ outbound, binds });
}

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  assert.ok(address, text);
  return address;
}

/** `SCHEME HOST PORT` may be asked for under the one rule, or may not. */
function checkAsk(rule: string, allowed: readonly string[], denied: readonly string[]): void {
  for (const [texts, expected] of [
    [allowed, true],
    [denied, false],
  ] as const) {
    for (const text of texts) {
      const [scheme = "", host = "", port] = text.split(" ");
      assert.equal(mayAskFor(policyOf([rule]), host, { scheme, port: Number(port) }), expected, `${rule}: ${text}`);
    }
  }
}

/** Whether an address that was found by these names (`!` marks the hosts file) may be connected to by TCP. */
function checkConnect(rules: readonly string[], address: string, expected: boolean, ...names: readonly string[]): void {
  const found = names.map((name): FoundName => {
    return { name: name.replace("!", ""), isFromHostsFile: name.startsWith("!") };
  });
  const target = { scheme: "tcp", port: 80, names: found };
  assert.equal(
    mayConnect(policyOf(rules), ip(address), target),
    expected,
    `${rules.join()}: ${address} ${names.join()}`,
  );
}

test("a rule allows its hosts, ports and schemes, and nothing else", () => {
  checkAsk("example.com", ["tcp example.com 1", "http EXAMPLE.com. 80"], ["tcp a.example.com 1", "tcp example.co 1"]);
  checkAsk("example.com:80", ["tcp example.com 80"], ["tcp example.com 81"]);
  checkAsk("example.com:80..90", ["tcp example.com 85"], ["tcp example.com 79", "tcp example.com 91"]);
  checkAsk("*.example.com", ["tcp a.b.example.com 1"], ["tcp example.com 1", "tcp badexample.com 1"]);
  checkAsk("https://example.com", ["https example.com 443"], ["https example.com 444", "http example.com 443"]);
  checkAsk("https://example.com/", ["https example.com 443"], ["tcp example.com 443"]);
  checkAsk("*://example.com:*", ["udp example.com 53"], ["udp example.net 53"]);
  checkAsk("10.0.0.0/8", ["tcp 10.9.8.7 1"], ["tcp 11.0.0.1 1", "tcp example.com 1", "tcp ::ffff:10.0.0.1 1"]);
  checkAsk("[fd00::]/16:80", ["tcp fd00::1 80"], ["tcp fd00::1 81", "tcp fd01::1 80"]);
  checkAsk("fd00::1", ["tcp fd00::1 80"], ["tcp fd00::2 80"]);
  checkAsk("*", ["tcp 1.2.3.4 1", "udp example.com 1"], ["tcp 169.254.169.254 80", "tcp a..b 1", "tcp 1.2.3 1"]);
});

test("an address is allowed as itself or by a name that it was found by", () => {
  checkConnect(["example.com"], "1.2.3.4", true, "example.com");
  checkConnect(["example.com"], "1.2.3.4", false);
  checkConnect(["example.com"], "1.2.3.4", false, "example.net");
  checkConnect(["1.2.3.0/24"], "1.2.3.4", true, "example.net");
  checkConnect([], "1.2.3.4", false, "example.com");
});

test("a name of DNS leads neither to metadata nor to the machine itself", () => {
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]) {
    checkConnect(["example.com"], address, false, "example.com");
    checkConnect(["*", "example.com"], address, true, "example.com");
  }
  checkConnect(["example.com"], "127.0.0.1", true, "!example.com");
  checkConnect(["localhost"], "127.0.0.1", true, "localhost");
  checkConnect(["example.com", "127.0.0.0/8"], "127.0.0.1", true, "example.com");
});

test("addresses of metadata are denied unless a rule names them as addresses", () => {
  const metadata = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
  ];
  for (const address of metadata) {
    checkConnect(["*", "0.0.0.0/0", "[::]/0", "example.com"], address, false, "example.com", "!example.com");
  }
  checkConnect(["169.254.169.254"], "169.254.169.254", true);
  checkConnect(["169.254.0.0/16"], "169.254.169.254", true);
  checkConnect(["169.0.0.0/8"], "169.254.169.254", false);
  checkConnect(["[fe80::]/64"], "fe80::1", true);
});

test("only names that a rule has may be looked up", () => {
  const policy = policyOf(["*.example.com", "https://one.test:444", "10.0.0.0/8"]);
  const asked = ["a.example.com", "one.test", "two.test", "10.0.0.1", "", "a".repeat(300)];
  assert.deepEqual(
    asked.map((name) => mayLookUp(policy, name)),
    [true, true, false, false, false, false],
  );
});

test("listening is allowed by address and port", () => {
  const policy = policyOf([], ["127.0.0.1:8080", "*:9000", "[::1]:*", "localhost:0"]);
  const rows: readonly (readonly [string, number, boolean])[] = [
    ["127.0.0.1", 8080, true],
    ["127.0.0.1", 8081, false],
    ["0.0.0.0", 8080, false],
    ["0.0.0.0", 9000, true],
    ["::1", 1, true],
    ["127.0.0.1", 0, true],
    ["127.0.0.2", 0, false],
  ];
  for (const [address, port, expected] of rows) assert.equal(mayBind(policy, ip(address), port), expected, address);
});

test("what is no rule is refused, and so are too many and too long ones", () => {
  const refused = ["", ":80", "a b", "example.com:0", "example.com:65536", "a:9..8", "a:1..2..3", "a/b", "1.2.3.4/33"];
  for (const text of [...refused, "Http://a", "://a", "http://a/b", "[::1", "*.*.a", "a*", "1.2.3", "https://u@a"]) {
    assert.throws(() => policyOf([text]), { code: "invalid-argument" }, text);
  }
  for (const text of ["", "a:1", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "1.2.3.4/40:1"]) {
    assert.throws(() => policyOf([], [text]), { code: "invalid-argument" }, text);
  }
  const rules = Array.from({ length: networkRulesMax }, () => "a");
  assert.equal(policyOf(rules).outbound.length, networkRulesMax);
  assert.throws(() => policyOf([...rules, "a"]), { code: "limit-exceeded" });
  assert.throws(() => policyOf([`${"a.".repeat(networkRuleLengthMax / 2)}a`]), /more than 320 characters/u);
});

const addresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom("169.254.169.254", "127.0.0.1", "10.0.0.1", "fe80::1", "::1", "fd00:ec2::254"),
);
const names = fc.constantFrom("a.test", "b.a.test", "c.test", "localhost");
const rules = fc.oneof(
  addresses.map((address) => (address.includes(":") ? `[${address}]` : address)),
  names,
  fc.constantFrom("*", "*.a.test", "a.test:80", "10.0.0.0/8", "[fd00::]/8", "0.0.0.0/0", "http://c.test"),
);

test("whatever the rules, more of them never allow less, and none allow nothing", () => {
  fc.assert(
    fc.property(fc.array(rules), rules, addresses, fc.array(names), (list, more, text, found) => {
      const target = { scheme: "tcp", port: 80, names: found.map((name) => ({ name, isFromHostsFile: false })) };
      const before = mayConnect(policyOf(list), ip(text), target);
      assert.ok(!before || mayConnect(policyOf([...list, more]), ip(text), target));
      assert.equal(mayConnect(policyOf([]), ip(text), target), false);
    }),
  );
});

test("whatever the rules, metadata needs one that is an address of it", () => {
  fc.assert(
    fc.property(fc.array(rules), addresses, fc.array(names), (list, text, found) => {
      const address = ip(text);
      const target = { scheme: "tcp", port: 80, names: found.map((name) => ({ name, isFromHostsFile: true })) };
      if (!isMetadataAddress(address) || !mayConnect(policyOf(list), address, target)) return;
      const own = list.map((rule) => parseIpAddress(rule.replaceAll(/[[\]]/gu, "")));
      assert.ok(own.some((rule) => rule?.bits === address.bits));
    }),
  );
});

/** Put together of what rules have, in any order. */
const ruleLikeTexts = fc
  .array(fc.constantFrom("http", "://", "a.test", "*", ".", "..", ":", "80", "/", "8", "[", "::1", "]", "10.0.0.0"))
  .map((parts) => parts.join(""));

test("any text is a rule or is refused by type, and a rule says the same again", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), ruleLikeTexts, rules), (text) => {
      try {
        assert.deepEqual(policyOf([text]), policyOf([text]));
      } catch (thrown) {
        assert.ok(thrown instanceof KwasmError, String(thrown));
      }
    }),
  );
});

test("addresses are read and written without loss", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = ip(text);
      assert.deepEqual(ip(formatIpAddress(address)), address);
    }),
  );
  assert.equal(parseIpAddress("fe80::1%eth0"), undefined);
  assert.equal(parseIpAddress("1.2.3"), undefined);
});
