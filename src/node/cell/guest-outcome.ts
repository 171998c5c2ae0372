import { KwasmError } from "#base";
import type { GuestEnd, GuestFrame, MemoryRefusal } from "#engine";

import type { GuestOutcome } from "../channel/index.ts";

/** Frames of a stack that are worth a status message; the rest is counted. */
const FRAMES_MAX = 32;

/** How a guest's end is told to control. `refused` is the memory that the guest asked for last and did not get. */
export function outcomeOf(end: GuestEnd, refused: MemoryRefusal | undefined): GuestOutcome {
  switch (end.kind) {
    case "exit":
      return end.code === 0 || refused === undefined
        ? { kind: "exited", code: end.code }
        : // A program that gives up because malloc failed has passed its limit just as one that the kernel kills.
          { kind: "out-of-memory", message: `${sayRefusal(refused)}; it then exited with code ${String(end.code)}` };
    case "trap":
      return { kind: "trapped", message: [end.message, ...sayFrames(end.frames)].join("\n") };
    case "out-of-memory":
      return {
        kind: "out-of-memory",
        message: [`${sayRefusal(end)}; ${end.message}`, ...sayFrames(end.frames)].join("\n"),
      };
    case "killed":
      return { kind: "killed", signal: end.reason };
  }
}

/** How a guest that could not be started is told. */
export function outcomeOfFailure(error: unknown): GuestOutcome {
  const { code, message } = KwasmError.from(error, "start the guest");
  return { kind: "refused", code, message };
}

function sayRefusal({ askedBytes, limitBytes }: MemoryRefusal): string {
  return `the guest was refused ${String(askedBytes)} more bytes of memory: its limit is ${String(limitBytes)} bytes`;
}

function sayFrames(frames: readonly GuestFrame[]): string[] {
  const shown = frames.slice(0, FRAMES_MAX).map((frame, index) => `  ${String(index)}: ${sayFrame(frame)}`);
  const hidden = frames.length - shown.length;
  return hidden > 0 ? [...shown, `  … ${String(hidden)} more`] : shown;
}

function sayFrame({ functionName, functionIndex, offset }: GuestFrame): string {
  const name = functionName ?? `<wasm function ${String(functionIndex)}>`;
  return `0x${offset.toString(16)} - ${name}`;
}
