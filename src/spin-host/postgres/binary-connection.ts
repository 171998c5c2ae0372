import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import Connection from "pg/lib/connection.js";
import { parse } from "pg-protocol";
import { AnswerBytes } from "../outbound/answer-bytes.ts";
import { outboundLimits } from "../outbound/limits.ts";
import { type Frame, FrameReader } from "./frame-reader.ts";

/**
 * The library's connection over one that is there already. It reads values as text, which bytes do not survive; here
 * rows are read apart, with their values as they came, and messages have a limit.
 */
export class BinaryConnection extends Connection {
  constructor(stream: Socket) {
    super({ stream });
    stream.on("error", (error) => this.emit("error", error));
    stream.once("close", () => this.emit("end"));
    this.attachListeners(stream);
    stream.resume();
  }

  override connect(): void {
    queueMicrotask(() => this.emit("connect"));
  }

  override attachListeners(stream: Socket): void {
    const frames = new FrameReader(outboundLimits.answerBytesMax);
    const bytes = new AnswerBytes();
    stream.once("close", () => bytes.clear());
    const others = new EventEmitter();
    void parse(others as unknown as NodeJS.ReadableStream, (message) => {
      this.emit(message.name === "error" ? "errorMessage" : message.name, message);
    });
    stream.on("data", (chunk: Buffer) => {
      if (stream.destroyed) return;
      try {
        bytes.add(chunk.length);
        for (const frame of frames.read(chunk)) {
          // "ReadyForQuery" ends an answer.
          if (frame.type === "Z") bytes.clear();
          this.#tell(frame, others);
        }
      } catch (thrown) {
        stream.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  }

  #tell({ type, bytes }: Frame, others: EventEmitter): void {
    if (type === "D") this.emit("dataRow", { fields: fieldsOf(bytes) });
    else others.emit("data", bytes);
  }
}

/** `DataRow`: a number of values, each behind its length, which is -1 for NULL. */
function fieldsOf(bytes: Buffer): readonly (Buffer | null)[] {
  let at = 7;
  return Array.from({ length: bytes.readUInt16BE(5) }, () => {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    if (at + length > bytes.length) throw new Error("the server does not answer as PostgreSQL does");
    const begin = at;
    at += length;
    return bytes.subarray(begin, at);
  });
}
