import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { listCells } from "./cells.ts";
import type { Handler } from "./configuration.ts";
import { Pod, type PodOptions } from "./pod.ts";
import type { ContainerdRig } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { serveHello, sockets, startWasmRig } from "./wasm-rig.ts";

const handler: Handler = "spin";

/** The rig's own address in the pods' network, at which its node's ports are reached. */
const NODE = "10.88.0.1";

/** Starts a pod that serves one port, and returns what it answers there. */
async function servePort(rig: ContainerdRig, options: PodOptions, port: number): Promise<Pod> {
  const pod = await Pod.start(rig, handler, options);
  await pod.startContainer({ ...sockets, ports: [port] });
  await pod.waitForOutput(sockets.name);
  return pod;
}

for (const version of versionsUnderTest) {
  describe(`ports of pods on containerd ${version}`, () => {
    test("each port is a socket in the order of the manifest, UDP too, and SCTP fails nothing", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, handler);
      await pod.startContainer({
        ...sockets,
        ports: [
          8080,
          { containerPort: 9053, protocol: "UDP" },
          { containerPort: 132, protocol: "SCTP" },
          { containerPort: 80, protocol: "TCP" },
        ],
        user: { uid: 1000 },
      });
      const ip = await pod.readIp();
      assert.equal(await rig.fetchText(`http://${ip}:8080/`), "socket 0\n");
      assert.equal(await rig.fetchText(`http://${ip}:80/`), "socket 2\n");
      await rig.sendDatagram("first", ip, 9053);
      await pod.waitForOutput(sockets.name, 1);
      assert.deepEqual(pod.readLog(sockets.name), ["stdout F serving 3 sockets", "stdout F socket 1 got first"]);
    });

    test("a port is reached by IPv4 and IPv6, and by the pod's other containers on localhost", async () => {
      await using rig = await startWasmRig(version);
      const { pod, url } = await serveHello(rig, handler, "pod-1");
      await pod.startContainer({ ...sockets, ports: [9090] });
      for (const host of ["127.0.0.1", "[::1]"]) {
        assert.equal(await pod.fetchInside(`http://${host}:8080/`), "Hello from pod-1\n");
        assert.equal(await pod.fetchInside(`http://${host}:9090/`), "socket 0\n");
      }
      assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
    });

    test("a container that is started again has the pod's address and its port", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, handler);
      const ip = await pod.readIp();
      for (const attempt of [0, 1, 2]) {
        const containerId = await pod.startContainer({ ...sockets, ports: [8080], attempt });
        assert.equal(await rig.fetchText(`http://${ip}:8080/`), "socket 0\n");
        await rig.cri.call("RuntimeService/StopContainer", { containerId, timeout: 1n });
        assert.equal((await pod.readStatus(containerId)).exitCode, 143);
      }
      assert.equal(await pod.readIp(), ip);
    });

    test("a pod on the node's network serves there, and another one of the same port is refused with the address", async () => {
      await using rig = await startWasmRig(version);
      const pod = await servePort(rig, { network: "node" }, 8080);
      assert.equal(await rig.fetchText("http://127.0.0.1:8080/"), "socket 0\n");
      const other = await Pod.start(rig, handler, { network: "node" });
      await assert.rejects(other.startContainer({ ...sockets, ports: [8080] }), /listen on \[::\]:8080: /u);
      await pod.stop();
      await pod.remove();
      await other.startContainer({ ...sockets, attempt: 1, ports: [8080] });
      assert.equal(await rig.fetchText("http://127.0.0.1:8080/"), "socket 0\n");
    });

    test("a port of the node leads to the pod's, until the pod is gone", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, handler);
      const hostPorts = [{ containerPort: 8080, hostPort: 30_080, protocol: "TCP" }] as const;
      const pod = await servePort(rig, { hostPorts }, 8080);
      assert.equal(await rig.fetchText(`http://${NODE}:30080/`), "socket 0\n");
      await pod.stop();
      await pod.remove();
      await assert.rejects(rig.fetchText(`http://${NODE}:30080/`));
      assert.deepEqual(rig.countAll(), before);
    });

    test("pods share cells as their annotation says: those of a namespace, of all that ask for it, or nobody's", async () => {
      await using rig = await startWasmRig(version);
      const first = await Pod.start(rig, handler);
      const before = rig.countAll().processes;
      const pods = [first];
      async function countAfter(isolation: string, ...namespaces: string[]): Promise<number> {
        for (const namespace of namespaces) {
          pods.push(await servePort(rig, { namespace, annotations: { "kwasm.sh/isolation": isolation } }, 8080));
        }
        return listCells(rig).used.length;
      }
      assert.equal(await countAfter("namespace", "shop", "shop", "bank"), 2);
      assert.equal(await countAfter("node", "shop", "bank"), 3);
      assert.equal(await countAfter("pod", "shop", "shop"), 5);
      for (const pod of pods) {
        await pod.stop();
        await pod.remove();
      }
      assert.equal(rig.countAll().processes, before);
    });
  });
}
