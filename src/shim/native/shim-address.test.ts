import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { KwasmError } from "#base";
import { BootstrapResult } from "#proto";

import { parseShimAddress, type ShimAddress } from "./shim-address.ts";

const address = "unix:///run/containerd/s/1";
const path = "/run/containerd/s/1";

function check(title: string, printed: string | Uint8Array, expected: ShimAddress): void {
  test(title, () => assert.deepEqual(parseShimAddress(Buffer.from(printed)), expected));
}

const v2 = { path, service: "containerd.task.v2.Task" } as const;
const v3 = { path, service: "containerd.task.v3.Task" } as const;

check("an address alone is of version 2", address, v2);
check("a line end after it is none of it", `${address}\n`, v2);
check("JSON says its version", JSON.stringify({ version: 2, address, protocol: "ttrpc" }), v2);
check("JSON of containerd 2", JSON.stringify({ version: 3, address, protocol: "ttrpc" }), v3);
check("a message of containerd 2.3", BootstrapResult.encode({ version: 3, address, protocol: "ttrpc" }), v3);

function checkRefused(title: string, printed: string): void {
  test(`refused: ${title}`, () => assert.throws(() => parseShimAddress(Buffer.from(printed)), { code: "unsupported" }));
}

checkRefused("a version that nobody knows", JSON.stringify({ version: 4, address, protocol: "ttrpc" }));
checkRefused("another protocol", JSON.stringify({ version: 3, address, protocol: "grpc" }));
checkRefused("another kind of socket", JSON.stringify({ version: 3, address: "vsock://1:2", protocol: "ttrpc" }));
checkRefused("nothing", "");
checkRefused("JSON that says nothing", "{}");

test("any output is an address or a typed error", () => {
  const outputs = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(outputs, (output) => {
      try {
        parseShimAddress(output);
      } catch (error) {
        assert.ok(error instanceof KwasmError);
      }
    }),
  );
});
