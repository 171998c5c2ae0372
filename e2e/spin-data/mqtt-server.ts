import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { commandOf, DataServer } from "./data-server.ts";

const run = promisify(execFile);

const program = {
  name: "mqtt",
  packages: ["mosquitto", "mosquitto-clients", "libmosquitto1", "libcjson1", "libdlt2", "libwrap0"],
};

/** Whom the server knows, and by which password. */
export const mqttUser = { name: "ada", password: "secret-of-the-test" } as const;

/** Debian's mosquitto on a free port of this machine, which knows one user, or takes everybody. */
export function startMqtt({ takesEverybody = false } = {}): Promise<DataServer> {
  return DataServer.start({
    name: program.name,
    async prepare(directory, port) {
      const passwords = join(directory, "passwords");
      const { name, password } = mqttUser;
      const [env = "", ...words] = await commandOf(program, ["usr/bin/mosquitto_passwd", "-c", "-b", passwords]);
      await run(env, [...words, name, password]);
      const file = join(directory, "mosquitto.conf");
      const lines = [
        `listener ${port} 127.0.0.1`,
        ...(takesEverybody ? ["allow_anonymous true"] : ["allow_anonymous false", `password_file ${passwords}`]),
        "user root",
        "log_type all",
      ];
      writeFileSync(file, `${lines.join("\n")}\n`);
      return commandOf(program, ["usr/sbin/mosquitto", "-c", file]);
    },
  });
}

/** The words that print messages of a topic, each in angle brackets, and end after the last. */
export async function subscriberCommand(
  { port }: DataServer,
  topic: string,
  count: number,
): Promise<readonly string[]> {
  const { name, password } = mqttUser;
  const login = ["-h", "127.0.0.1", "-p", String(port), "-u", name, "-P", password];
  const words = ["usr/bin/mosquitto_sub", ...login, "-t", topic, "-q", "2", "-C", String(count), "-F", "<%p>"];
  return commandOf(program, words);
}

/** How many have subscribed so far. */
export function subscriptionsOf({ directory }: DataServer): number {
  return readFileSync(join(directory, "mqtt.log"), "utf8").split("Sending SUBACK").length - 1;
}
