import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { decode, encode } from "dns-packet";

/** A Service and its name server: `ADDRESS-OF-NAME-SERVER NAME ADDRESS PORT`. Says one line when both answer. */
const [nameServer = "", name = "", address = "", port = ""] = process.argv.slice(2);

const names = createSocket("udp4");
names.on("message", (bytes, peer) => {
  const { id = 0, questions = [] } = decode(bytes);
  const asked = questions[0];
  const isKnown = asked?.name === name;
  const answers = isKnown && asked.type === "A" ? [{ type: "A" as const, name, ttl: 5, data: address }] : [];
  const answer = encode({ type: "response", id, questions, answers, flags: isKnown ? 0 : 3 });
  names.send(answer, peer.port, peer.address);
});
names.bind(53, nameServer);
await once(names, "listening");

const service = createServer({ allowHalfOpen: true }, (socket) => {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => socket.end(`${Buffer.concat(chunks).toString()} from ${socket.remoteAddress ?? "nowhere"}\n`));
});
service.listen(Number(port), address);
await once(service, "listening");
console.log("serving");
