import assert from "node:assert/strict";
import { test } from "node:test";
import { type OutboundHosts, parseOutboundHosts } from "./outbound-hosts.ts";

function check(entry: string, rule: string): void {
  test(`${entry} is allowed`, () => {
    assert.deepEqual(parseOutboundHosts([entry]).rules, [rule]);
  });
}

// The cases of Spin's own tests of this format.
check("https://spin.fermyon.dev", "https://spin.fermyon.dev");
check("http://spin.fermyon.dev/", "http://spin.fermyon.dev");
check("https://example.com:8080/", "https://example.com:8080");
check("*://fermyon.dev:443", "*://fermyon.dev:443");
check("https://*:443", "https://*:443");
check("https://*.example.com", "https://*.example.com");
check("*://*:*", "*://*:*");
check("redis://cache", "redis://cache");
check("*://127.0.0.1/24:63551", "*://127.0.0.1/24:63551");
check("http://[::1]", "http://[::1]");
check("*://[fd00::]/8:80", "*://[fd00::]/8:80");
// Spin's ranges end before their last port, the engine's with it.
check("*://example.com:8000..8003", "*://example.com:8000..8002");

function checkSelf(entry: string, expected: OutboundHosts): void {
  test(`${entry} is the application itself`, () => {
    assert.deepEqual(parseOutboundHosts([entry]), expected);
  });
}

checkSelf("http://self", { rules: [], selfSchemes: ["http"] });
checkSelf("*://self.alt:*", { rules: [], selfSchemes: ["*"] });
checkSelf("https://*:443", { rules: ["https://*:443"], selfSchemes: ["https"] });

function checkRefused(entry: string, advice: RegExp): void {
  test(`${entry} is refused`, () => {
    assert.throws(() => parseOutboundHosts([entry]), { code: "invalid-argument", message: advice });
  });
}

checkRefused("*", /with a scheme/);
checkRefused("spin.fermyon.dev", /with a scheme/);
checkRefused("insecure:allow-all", /with a scheme/);
checkRefused("ht-tp://a", /letters/);
checkRefused("https://a/path", /leave the path out/);
checkRefused("https://a:80/path", /leave the path out/);
checkRefused("*://example.com", /name a port/);
checkRefused("https://a.*.com", /stands alone/);
checkRefused("https://*.a.*", /stands alone/);
checkRefused("https://", /names no host/);
checkRefused("https://a:0", /is no port/);
checkRefused("https://a:65536", /is no port/);
checkRefused("https://a:90..80", /empty range/);
checkRefused("https://{a,b}:80", /lists of hosts/);
