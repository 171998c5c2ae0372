import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { silentLog, systemClock } from "#base";
import { Balancer } from "./balancer.ts";
import type { Front, FromBalancer, Target } from "./balancer-messages.ts";
import { BalancerSupervisor } from "./balancer-supervisor.ts";

const ADDRESS = "127.9.9.9";

/** A pod's listener that says who it is, or does what the test wants with each connection. */
async function startPod(
  name: string,
  serve: (socket: Socket) => void = (socket) => socket.end(name),
): Promise<AsyncDisposable & { readonly target: Target }> {
  const server: Server = createServer({ allowHalfOpen: true }, serve);
  server.listen(0, "127.9.9.10");
  await once(server, "listening");
  const bound = server.address();
  assert(bound !== null && typeof bound === "object");
  return {
    target: { address: bound.address, port: bound.port },
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

async function startBalancer(
  front: Partial<Front>,
): Promise<
  AsyncDisposable & { readonly port: number; readonly balancer: Balancer; drain(address: string): Promise<void> }
> {
  const reports: FromBalancer[] = [];
  const settled = Promise.withResolvers<void>();
  const balancer = new Balancer(systemClock, (message) => {
    reports.push(message);
    if (message.kind === "settled") settled.resolve();
  });
  await balancer.handle({
    kind: "set",
    front: { id: "f", address: ADDRESS, ports: [0], targets: [], affinityTimeoutMs: 0, ...front },
  });
  const [report] = reports;
  assert(report?.kind === "bound");
  return {
    port: report.port,
    balancer,
    drain: async (address) => {
      await balancer.handle({ kind: "drain", turn: 7, address });
      await settled.promise;
    },
    [Symbol.asyncDispose]: () => balancer.close(),
  };
}

/** Everything the other side sends, or the code of the error that ended the connection. */
async function ask(port: number, text = ""): Promise<string> {
  const socket = connect({ host: ADDRESS, port, allowHalfOpen: true });
  socket.end(text);
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    answer += chunk;
  });
  socket.on("end", () => resolve(answer));
  socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  return promise;
}

test("connections go to the pods in turn", async () => {
  await using one = await startPod("one");
  await using two = await startPod("two");
  await using front = await startBalancer({ targets: [one.target, two.target] });
  const answers = [await ask(front.port), await ask(front.port), await ask(front.port), await ask(front.port)];
  assert.deepEqual(answers, ["one", "two", "one", "two"]);
});

test("a pod that does not accept is passed over", async () => {
  await using one = await startPod("one");
  await using gone = await startPod("gone");
  const { target } = gone;
  await gone[Symbol.asyncDispose]();
  await using front = await startBalancer({ targets: [target, one.target] });
  assert.deepEqual([await ask(front.port), await ask(front.port)], ["one", "one"]);
});

test("a service without ready pods resets the connection", async () => {
  await using front = await startBalancer({ targets: [] });
  assert.equal(await ask(front.port), "ECONNRESET");
});

test("a client that has ended its side still gets the whole answer", async () => {
  const size = 1_000_000;
  await using echo = await startPod("echo", (socket) => socket.pipe(socket));
  await using front = await startBalancer({ targets: [echo.target] });
  assert.equal((await ask(front.port, "x".repeat(size))).length, size);
});

test("a client stays with its pod where the service says so", async () => {
  await using one = await startPod("one");
  await using two = await startPod("two");
  await using front = await startBalancer({ targets: [one.target, two.target], affinityTimeoutMs: 60_000 });
  assert.deepEqual([await ask(front.port), await ask(front.port), await ask(front.port)], ["one", "one", "one"]);
});

test("new targets serve new connections without a new listener", async () => {
  await using one = await startPod("one");
  await using two = await startPod("two");
  await using front = await startBalancer({ targets: [one.target] });
  assert.equal(await ask(front.port), "one");
  await front.balancer.handle({
    kind: "set",
    front: { id: "f", address: ADDRESS, ports: [0], targets: [two.target], affinityTimeoutMs: 0 },
  });
  assert.equal(await ask(front.port), "two");
});

test("a port that is taken gives way to the next of the list", async () => {
  await using first = await startBalancer({});
  await using second = await startBalancer({ ports: [first.port, 0] });
  assert.notEqual(second.port, first.port);
});

test("a balancer process that is killed comes back with the same fronts", async () => {
  await using one = await startPod("one");
  const bound: number[] = [];
  const twice = Promise.withResolvers<void>();
  await using supervisor = new BalancerSupervisor({
    clock: systemClock,
    log: silentLog,
    onReport(report) {
      if (report.kind === "bound") bound.push(report.port);
      if (bound.length === 2) twice.resolve();
    },
  });
  supervisor.start();
  supervisor.set({ id: "f", address: ADDRESS, ports: [0], targets: [one.target], affinityTimeoutMs: 0 });
  await supervisor.settle();
  process.kill(supervisor.pid ?? 0, "SIGKILL");
  await twice.promise;
  assert.equal(await ask(bound[1] ?? 0), "one");
});

test("a pod is drained when its exchange is over, and at once where nothing is carried", async () => {
  const asked = Promise.withResolvers<Socket>();
  await using pod = await startPod("pod", (socket) => {
    socket.once("data", () => asked.resolve(socket));
    socket.once("end", () => socket.end());
  });
  await using front = await startBalancer({ targets: [pod.target] });
  const reports: FromBalancer[] = [];
  await using idle = new Balancer(systemClock, (message) => reports.push(message));
  await idle.handle({ kind: "drain", turn: 1, address: pod.target.address });
  const client = connect({ host: ADDRESS, port: front.port });
  let answer = "";
  client.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  client.write("question");
  const upstream = await asked.promise;
  const drained = front.drain(pod.target.address);
  upstream.write("answer");
  await Promise.all([drained, once(client, "end")]);
  assert.equal(answer, "answer");
  assert.deepEqual(reports, [{ kind: "settled", turn: 1 }]);
});
