import assert from "node:assert/strict";
import { test } from "node:test";
import { type MqttAddress, parseMqttAddress } from "./mqtt-address.ts";

const plain: MqttAddress = { scheme: "mqtt", host: "broker", port: 1883, clientId: "me", isSecured: false };

function check(text: string, expected: Partial<MqttAddress> | undefined): void {
  test(`${text.slice(0, 60)} is ${expected === undefined ? "no address" : "an address"}`, () => {
    assert.deepEqual(parseMqttAddress(text), expected && { ...plain, ...expected });
  });
}

check("mqtt://broker?client_id=me", {});
check("mqtt://broker:7000?client_id=me&clean_session=true", { port: 7000 });
check("mqtts://[::1]?client_id=me", { scheme: "mqtts", host: "::1", port: 8883, isSecured: true });
check("mqtt://broker", undefined);
check("mqtt://broker?client_id=me&other=1", undefined);
check("http://broker?client_id=me", undefined);
check("broker:1883", undefined);
check(`mqtt://${"b".repeat(5_000)}?client_id=me`, undefined);
