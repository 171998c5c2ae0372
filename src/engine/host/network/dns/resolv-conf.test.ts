import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatIpAddress } from "../ip-address.ts";
import { findInHosts } from "./hosts-file.ts";
import { namesToAsk, parseResolvConf } from "./resolv-conf.ts";

const podsOwn = `search web.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
`;

function checkNames(name: string, text: string, expected: readonly string[], isAbsolute = false): void {
  assert.deepEqual(namesToAsk(name, isAbsolute, parseResolvConf(text)), expected);
}

test("servers, domains and options are read as the C library reads them", () => {
  const conf = parseResolvConf(
    `# comment\n${podsOwn}nameserver fd00::10 ; and so on\noptions timeout:1 attempts:3 use-vc\n`,
  );
  assert.deepEqual(conf.servers.map(formatIpAddress), ["10.96.0.10", "fd00:0:0:0:0:0:0:10"]);
  assert.deepEqual(conf.search, ["web.svc.cluster.local", "svc.cluster.local", "cluster.local"]);
  const { ndots, timeoutMs, attempts, usesTcp } = conf;
  assert.deepEqual({ ndots, timeoutMs, attempts, usesTcp }, { ndots: 5, timeoutMs: 1_000, attempts: 3, usesTcp: true });
});

test("what is missing is as the C library has it, and what is out of bounds is bounded", () => {
  const { servers, ...rest } = parseResolvConf("");
  assert.deepEqual(servers.map(formatIpAddress), ["127.0.0.1"]);
  assert.deepEqual(rest, { search: [], ndots: 1, timeoutMs: 5_000, attempts: 2, usesTcp: false });
  const bounded = parseResolvConf(
    `${"nameserver 1.1.1.1\n".repeat(4)}search ${"a ".repeat(33)}\noptions ndots:99 timeout:99 attempts:99`,
  );
  assert.equal(bounded.servers.length, 3);
  assert.equal(bounded.search.length, 32);
  assert.deepEqual([bounded.ndots, bounded.timeoutMs, bounded.attempts], [15, 30_000, 5]);
});

test("a name is tried in the domains before or after itself, by its dots", () => {
  checkNames("db", "search a b", ["db.a", "db.b", "db"]);
  checkNames("db.x", "search a", ["db.x", "db.x.a"]);
  checkNames("db.x", "search a\noptions ndots:2", ["db.x.a", "db.x"]);
  checkNames("db", "search a", ["db"], true);
  checkNames("db", "", ["db"]);
  checkNames(
    "db",
    `search ${"a".repeat(62)}.${"b".repeat(62)}.${"c".repeat(62)}.${"d".repeat(62)} e`,
    ["db.e", "db"].slice(0),
  );
});

test("whatever the file says, the name itself is asked for, once, and no more than there are domains", () => {
  const words = fc.constantFrom("nameserver", "search", "options", "ndots:3", "1.2.3.4", "a.b", "c", "\n", "#", " ");
  const text = fc.oneof(
    fc.string(),
    fc.array(words).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(text, fc.constantFrom("db", "db.web", "a.b.c.d.e.f"), (file, name) => {
      const conf = parseResolvConf(file);
      const names = namesToAsk(name, false, conf);
      assert.equal(names.filter((one) => one === name).length, 1);
      assert.ok(names.length <= conf.search.length + 1);
      assert.ok(conf.servers.length >= 1);
    }),
  );
});

test("the hosts file has addresses by any of their names", () => {
  const text = "127.0.0.1 localhost\n10.0.0.1 Web.Test web # first\nfd00::1\tweb\n10.0.0.2 # web\nx web\n";
  assert.deepEqual(findInHosts(text, "web").map(formatIpAddress), ["10.0.0.1", "fd00:0:0:0:0:0:0:1"]);
  assert.deepEqual(findInHosts(text, "web.test").map(formatIpAddress), ["10.0.0.1"]);
  assert.deepEqual(findInHosts(text, "db"), []);
  assert.equal(findInHosts("1.1.1.1 a\n".repeat(65), "a").length, 64);
});
