import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { StallWatch } from "./stall-watch.ts";

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => mock.timers.reset());

interface Scene {
  asked: number;
  stalls: number;
  isShared: boolean;
  answer: () => void;
  pass: (milliseconds: number) => Promise<void>;
}

function watch(): Scene {
  let nowMs = 0;
  let pending = Promise.withResolvers<void>();
  const scene: Scene = {
    asked: 0,
    stalls: 0,
    isShared: true,
    answer: () => pending.resolve(),
    async pass(milliseconds) {
      for (let left = milliseconds; left > 0; left -= 1_000) {
        nowMs += 1_000;
        mock.timers.tick(1_000);
        await Promise.resolve();
        await Promise.resolve();
      }
    },
  };
  const watched = new StallWatch({
    limitMs: 5_000,
    now: () => nowMs,
    isWorthAsking: () => scene.isShared,
    onStall: () => scene.stalls++,
    ask: () => {
      scene.asked++;
      pending = Promise.withResolvers();
      return pending.promise;
    },
  });
  assert.ok(watched instanceof StallWatch);
  return scene;
}

test("a cell that answers is asked again and never called stalled", async () => {
  const scene = watch();
  for (let seconds = 0; seconds < 20; seconds++) {
    await scene.pass(1_000);
    scene.answer();
    await scene.pass(1_000);
  }
  assert.equal(scene.stalls, 0);
  assert.ok(scene.asked >= 10);
});

test("an unanswered question past the limit is one stall", async () => {
  const scene = watch();
  await scene.pass(5_000);
  assert.equal(scene.stalls, 0);
  await scene.pass(10_000);
  assert.equal(scene.stalls, 1);
  assert.equal(scene.asked, 1);
});

test("a guest that is alone in its cell may take all the time it wants", async () => {
  const scene = watch();
  scene.isShared = false;
  await scene.pass(60_000);
  assert.deepEqual([scene.asked, scene.stalls], [0, 0]);
  scene.isShared = true;
  await scene.pass(10_000);
  assert.equal(scene.stalls, 1);
});
