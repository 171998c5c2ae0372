import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerBytes } from "./answer-bytes.ts";
import { outboundLimits } from "./limits.ts";

const { answerBytesMax, answersBytesMax } = outboundLimits;

test("an answer may have so many bytes and no more", () => {
  const answer = new AnswerBytes();
  answer.add(answerBytesMax);
  assert.throws(() => answer.add(1), { message: `query result exceeds limit of ${answerBytesMax} bytes` });
  answer.clear();
  answer.add(answerBytesMax);
  answer.clear();
});

test("answers of all connections together have a limit, and those that were given count no more", () => {
  const answers = Array.from({ length: answersBytesMax / answerBytesMax }, () => new AnswerBytes());
  for (const answer of answers) answer.add(answerBytesMax);
  const late = new AnswerBytes();
  assert.throws(() => late.add(1), { message: /too many large/ });
  late.clear();
  answers[0]?.clear();
  late.add(answerBytesMax);
  for (const answer of [...answers, late]) answer.clear();
});
