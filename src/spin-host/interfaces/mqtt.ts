import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import type { Delivery, MqttClient } from "../mqtt/index.ts";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets } from "../outbound/outbound-sockets.ts";
import { type Answer, err, ok } from "./answer.ts";

const deliveries: Readonly<Record<string, Delivery>> = { "at-most-once": 0, "at-least-once": 1, "exactly-once": 2 };

/** The most seconds that MQTT has a place for. */
const keepAliveSecondsMax = 65_535n;

const connection = { drop: (opened: Opened) => opened.client.close() };

/** A connection that a guest has open. It is connected when there is something to publish, as Spin's. */
interface Opened {
  readonly client: MqttClient;
}

/** `fermyon:spin/mqtt@2.0.0`. */
export function mqttInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  return {
    functions: {
      "[static]connection.open": waiting((...parameters: OpenParameters) => open(sockets, ...parameters)),
      "[method]connection.publish": waiting(publish),
    },
    resources: { connection },
  };
}

/** `spin:mqtt/mqtt@3.0.0`: the same for those who may wait. */
export function asyncMqttInterface(sockets: OutboundSockets): HostInterface {
  return {
    functions: {
      "[static]connection.open": (...parameters: OpenParameters) => cancellable(open(sockets, ...parameters)),
      "[method]connection.publish": (...parameters: Parameters<typeof publish>) => cancellable(publish(...parameters)),
    },
    resources: { connection },
  };
}

type OpenParameters = [address: string, username: string, password: string, keepAliveSeconds: bigint];

async function open(
  sockets: OutboundSockets,
  ...[text, username, password, keepAlive]: OpenParameters
): Promise<Answer> {
  const { MqttClient: Client, parseMqttAddress } = await import("../mqtt/index.ts");
  const address = parseMqttAddress(text);
  if (address === undefined) return err("invalid-address");
  if (!sockets.mayOpen(address)) {
    const shown = text.slice(0, outboundLimits.addressLengthMax);
    return err("connection-failed", `address ${shown} is not permitted`);
  }
  const keepAliveSeconds = Number(keepAlive < keepAliveSecondsMax ? keepAlive : keepAliveSecondsMax);
  return ok({ client: new Client({ address, username, password, keepAliveSeconds }, sockets) });
}

async function publish({ client }: Opened, topic: string, payload: Uint8Array, delivery: string): Promise<Answer> {
  try {
    await client.publish(topic, payload, deliveries[delivery] ?? 0);
    return ok();
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return error.kind === "too-many" ? err("too-many-connections") : err("connection-failed", error.message);
  }
}

/** What is under way when its guest loses interest comes to its end. */
function cancellable(answer: Promise<Answer>): CancellableAnswer {
  return new CancellableAnswer(answer, () => undefined);
}
