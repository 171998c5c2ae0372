/** relay-main.ts SOCKET HOST PORT: connects whoever connects to a Unix socket to a port, in the network that it is in. */
import { connect, createServer } from "node:net";

const [socket, host, port] = process.argv.slice(2);

createServer({ allowHalfOpen: true }, (client) => {
  const peer = connect({ host: host ?? "", port: Number(port), allowHalfOpen: true });
  client.pipe(peer).pipe(client);
  client.on("error", () => peer.destroy());
  peer.on("error", () => client.destroy());
}).listen(socket);
