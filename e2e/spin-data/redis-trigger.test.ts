import assert from "node:assert/strict";
import { test } from "node:test";

import { publishingComponent } from "../../src/engine/component/testing/message-components.ts";
import { httpComponent } from "../../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../../src/engine/component/testing/http-guests.ts";
import { endOf, KwasmCommand, until } from "../command-fixture.ts";
import { RedisOfTest } from "./redis-of-test.ts";
import { startRedis } from "./redis-server.ts";

const stack = new AsyncDisposableStack();
test.after(() => stack.disposeAsync());
const kwasm = stack.use(new KwasmCommand());
const redis = stack.use(await startRedis());
const url = `redis://127.0.0.1:${redis.port}`;
const client = stack.use(await RedisOfTest.connect(redis.port));

kwasm.write("app/old.wasm", publishingComponent(url));
kwasm.write("app/new.wasm", publishingComponent(url, "spin:redis/inbound-redis@3.0.0"));
kwasm.write("app/web.wasm", httpComponent(routingGuest));

/** Components "old" and "new", of which the first may answer in Redis and the second may not. */
const manifest = kwasm.write(
  "app/spin.toml",
  `spin_manifest_version = 2
[application]
name = "news"
[variables]
port = { default = "${redis.port}" }
topic = { default = "local" }
[application.trigger.redis]
address = "redis://127.0.0.1:{{ port }}"
[[trigger.redis]]
channel = "{{ topic }}-news"
component = "old"
[[trigger.redis]]
channel = "other"
address = "${url}/0"
component = "new"
[component.old]
source = "old.wasm"
allowed_outbound_hosts = ["${url}"]
[component.new]
source = "new.wasm"
`,
);

/** `kwasm serve` of a manifest, and what it has said so far. */
class Serving implements AsyncDisposable {
  readonly #child;
  readonly ended;
  said = "";

  constructor(path: string) {
    this.#child = kwasm.start(["serve", "--listen", "127.0.0.1:0", path], { cwd: kwasm.directory });
    this.#child.stderr.on("data", (chunk) => (this.said += String(chunk)));
    this.ended = endOf(this.#child);
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    await until(
      () => `it says ${String(pattern)}: ${this.said}`,
      () => pattern.test(this.said),
    );
    return pattern.exec(this.said) ?? assert.fail();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

test("components are given the messages of their channels, and an application that has nothing else opens no port", async () => {
  await client.subscribe("answers");
  await using serving = new Serving(manifest);
  await serving.says(/Listening to "local-news" of redis:\S+\n/);
  await serving.says(/Listening to "other" of redis:\S+\n/);
  await client.publish("local-news", "hello");
  assert.equal(await client.next(), "hello");
  await client.publish("other", "hello");
  await serving.says(/error: message other: the guest answered with an error\n/);
  await client.publish("local-news", "!");
  await client.publish("local-news", "trap");
  await serving.says(/error: message local-news: .*unreachable/);
  await client.publish("local-news", "still there");
  assert.equal(await client.next(), "still there");
  assert.doesNotMatch(serving.said, /Serving HTTP/);
  serving.kill("SIGTERM");
  assert.equal((await serving.ended).code, 0, serving.said);
});

test("many messages at once are all handled, and those that came before the end too", async () => {
  await client.subscribe("answers");
  await using serving = new Serving(manifest);
  await serving.says(/Listening to "local-news"/);
  const sent = Array.from({ length: 500 }, (_, at) => `${at} ${"x".repeat(1_000)}`);
  await Promise.all(sent.map((text) => client.publish("local-news", text)));
  const got = new Set<string>();
  while (got.size < sent.length) got.add(await client.next());
  assert.deepEqual(got, new Set(sent));
  serving.kill("SIGTERM");
  assert.equal((await serving.ended).code, 0, serving.said);
});

test("a connection that was lost is made anew", async () => {
  await using serving = new Serving(manifest);
  await serving.says(/Listening to "local-news"/);
  await client.ask("CLIENT", "KILL", "TYPE", "pubsub");
  await serving.says(/error: redis:\S+: the connection was closed; it is tried again in 100 ms\n/);
  await serving.says(/Listening to "local-news"[^]*Listening to "local-news"/);
  await client.subscribe("answers");
  await client.publish("local-news", "heard again");
  assert.equal(await client.next(), "heard again");
});

test("HTTP and messages are served beside each other, of a manifest of version 1 messages alone", async () => {
  await client.subscribe("answers");
  const both = kwasm.write(
    "app/both.toml",
    `spin_manifest_version = 2
[application]
name = "both"
[[trigger.http]]
route = "/..."
component = "web"
[[trigger.redis]]
address = "${url}"
channel = "both"
component = "old"
[component.web]
source = "web.wasm"
[component.old]
source = "old.wasm"
allowed_outbound_hosts = ["${url}"]
`,
  );
  const first = kwasm.write(
    "app/first.toml",
    `spin_version = "1"
name = "first"
trigger = { type = "redis", address = "${url}" }
[[component]]
id = "old"
source = "old.wasm"
allowed_outbound_hosts = ["${url}"]
[component.trigger]
channel = "both"
`,
  );
  await using serving = new Serving(both);
  await using other = new Serving(first);
  for (const each of [serving, other]) await each.says(/Listening to "both"/);
  const [, place = ""] = await serving.says(/Serving HTTP on (\S+)/);
  assert.equal(await (await fetch(`${place}h`)).text(), "Hello from WebAssembly\n");
  await client.publish("both", "all of you");
  assert.deepEqual([await client.next(), await client.next()], ["all of you", "all of you"]);
});

test("a pod is given messages too, and has no port", async () => {
  await client.subscribe("answers");
  const { code, stdout, stderr } = await kwasm.run(["up", "-d", manifest], { cwd: kwasm.directory });
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout, /service/);
  await client.publishUntilHeard("local-news", "a pod");
  assert.equal(await client.next(), "a pod");
});

test("a trigger that names no address of Redis, and a component that takes no messages, are refused", async () => {
  const write = (address: string, source: string): string =>
    kwasm.write(
      "app/wrong.toml",
      `spin_manifest_version = 2
[application]
name = "wrong"
[[trigger.redis]]
address = "${address}"
channel = "c"
component = "c"
[component.c]
source = "${source}"
`,
    );
  const nowhere = await kwasm.run(["serve", write("http://:secret@x", "old.wasm")]);
  assert.match(nowhere.stderr, /its address is none of Redis; write it as redis:\/\/HOST:PORT/);
  assert.doesNotMatch(nowhere.stderr, /secret/);
  const web = await kwasm.run(["serve", write(url, "web.wasm")]);
  assert.match(web.stderr, /exports no "inbound-redis"/);
});
