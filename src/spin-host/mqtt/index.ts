export { parseMqttAddress } from "./mqtt-address.ts";
export { type Delivery, MqttClient } from "./mqtt-client.ts";
