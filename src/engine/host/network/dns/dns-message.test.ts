import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import * as fc from "fast-check";
import { formatIpAddress } from "../ip-address.ts";
import { encodeQuestion, type Question, readReply } from "./dns-message.ts";

const question: Question = { id: 7, name: "a.test", type: "A" };

/** What an answer to the question is read as: addresses as texts, or its kind, or nothing. */
function checkReply(packet: Partial<Packet>, expected: readonly string[] | string | undefined): void {
  const own: Packet = { type: "response", id: 7, questions: [{ type: "A", name: "a.test" }], ...packet };
  const reply = readReply(encode(own), question);
  assert.deepEqual(reply?.kind === "addresses" ? reply.addresses.map(formatIpAddress) : reply?.kind, expected);
}

function a(name: string, data: string): Answer {
  return { type: "A", name, data, ttl: 0 };
}

function alias(name: string, data: string): Answer {
  return { type: "CNAME", name, data, ttl: 0 };
}

test("a question asks for what it says", () => {
  const { id, questions, type } = decode(Buffer.from(encodeQuestion(question)));
  assert.deepEqual([id, type, questions?.[0]?.name, questions?.[0]?.type], [7, "query", "a.test", "A"]);
});

test("an answer has the addresses of the name and of its aliases, and no others", () => {
  checkReply({ answers: [a("A.test", "1.2.3.4"), a("other.test", "6.6.6.6")] }, ["1.2.3.4"]);
  checkReply({ answers: [alias("a.test", "b.test"), alias("b.test", "c.test"), a("c.test", "1.1.1.1")] }, ["1.1.1.1"]);
  checkReply({ answers: [alias("a.test", "a.test")] }, []);
  checkReply({ answers: [alias("x.test", "b.test"), a("b.test", "6.6.6.6")] }, []);
  checkReply({}, []);
  checkReply({ answers: Array.from({ length: 65 }, () => a("a.test", "1.1.1.1")) }, Array(64).fill("1.1.1.1"));
});

test("what is cut, missing or failed is told apart", () => {
  checkReply({ flags: 0x0200 }, "cut");
  checkReply({ flags: 3 }, "no-name");
  checkReply({ flags: 2 }, "failed");
  checkReply({ flags: 5 }, "failed");
});

test("what answers another question is no answer", () => {
  checkReply({ id: 8 }, undefined);
  checkReply({ type: "query" }, undefined);
  checkReply({ questions: [{ type: "A", name: "b.test" }] }, undefined);
  checkReply({ questions: [{ type: "AAAA", name: "a.test" }] }, undefined);
  checkReply({ questions: [] }, undefined);
});

test("no bytes of a stranger make more of it than nothing or an answer", () => {
  const real = encode({
    type: "response",
    id: 7,
    questions: [{ type: "A", name: "a.test" }],
    answers: [alias("a.test", "b.test"), a("b.test", "1.2.3.4")],
  });
  const damaged = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 8 }).map((changes) => {
    const bytes = Uint8Array.from(real);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (bytes) => {
      const reply = readReply(bytes, question);
      assert.ok(reply?.kind !== "addresses" || reply.addresses.length <= 64);
    }),
    { numRuns: 2_000 },
  );
});
