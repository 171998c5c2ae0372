import { bytes, int32, int64, message, type Message, type MessageValue, string } from "./message.ts";

/** The messages of protobuf's own library that containerd's use: google/protobuf/{any,empty,timestamp}.proto. */

export const Any = message("google.protobuf.Any", { typeUrl: string(1), value: bytes(2) });
export type Any = MessageValue<typeof Any>;

export const Empty = message("google.protobuf.Empty", {});

export const Timestamp = message("google.protobuf.Timestamp", { seconds: int64(1), nanos: int32(2) });
export type Timestamp = MessageValue<typeof Timestamp>;

/** Wraps a message with its bare name as the type's address, as containerd's typeurl does for its own messages. */
export function packAny<Value>(type: Message<Value>, value: Partial<Value>): Any {
  return { typeUrl: type.name, value: type.encode(value) };
}

export function timestampOf(milliseconds: number): Timestamp {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((milliseconds - seconds * 1000) * 1_000_000) };
}

/** A moment that is not told is the epoch, as protobuf has it. */
export function millisecondsOf(timestamp: Timestamp | undefined): number {
  return Number(timestamp?.seconds ?? 0n) * 1000 + Math.floor((timestamp?.nanos ?? 0) / 1_000_000);
}
