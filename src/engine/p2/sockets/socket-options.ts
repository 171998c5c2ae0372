import type { HostInterface } from "../../component/index.ts";
import type { SocketOption, SocketSettings } from "../../host/index.ts";
import { attempt } from "./socket-error.ts";

type Functions = HostInterface["functions"];

/** What has options, under whatever name its resource has. */
interface HasSettings {
  readonly socket: { readonly settings: SocketSettings };
}

interface OptionValue<Value> {
  readonly read: (value: number) => Value;
  readonly write: (value: Value) => number;
}

const nsPerSecond = 1_000_000_000n;

const flag: OptionValue<boolean> = { read: (value) => value !== 0, write: Number };
const small: OptionValue<number> = { read: (value) => value, write: (value) => value };
const large: OptionValue<bigint> = { read: BigInt, write: Number };
/** A span in nanoseconds; what is no whole second is rounded up, so that 0 stays the only one that is refused. */
const span: OptionValue<bigint> = {
  read: (value) => BigInt(value) * nsPerSecond,
  write: (value) => Number((value + nsPerSecond - 1n) / nsPerSecond),
};

/** The functions for options that TCP's and UDP's sockets have. */
export function bufferFunctions(resource: string): Functions {
  return {
    ...accessors(`${resource}.receive-buffer-size`, "receive-buffer", large),
    ...accessors(`${resource}.send-buffer-size`, "send-buffer", large),
  };
}

export function hopLimitFunctions(member: string): Functions {
  return accessors(member, "hop-limit", small);
}

export function keepAliveFunctions(): Functions {
  return {
    ...accessors("tcp-socket.keep-alive-enabled", "keep-alive", flag),
    ...accessors("tcp-socket.keep-alive-idle-time", "keep-alive-idle", span),
    ...accessors("tcp-socket.keep-alive-interval", "keep-alive-interval", span),
    ...accessors("tcp-socket.keep-alive-count", "keep-alive-count", small),
  };
}

/** `[method]socket.option` and `[method]socket.set-option`. */
function accessors<Value>(member: string, option: SocketOption, { read, write }: OptionValue<Value>): Functions {
  const [resource = "", name = ""] = member.split(".");
  return {
    [`[method]${resource}.${name}`]: ({ socket }: HasSettings) => attempt(() => read(socket.settings.get(option))),
    [`[method]${resource}.set-${name}`]: ({ socket }: HasSettings, value: Value) =>
      attempt(() => socket.settings.set(option, write(value))),
  };
}
