import { type AddressInfo, createServer } from "node:net";

/** The peer of `bench/tcp-echo.ts`: sends back what it receives; prints its port. Ends with its standard input. */
const server = createServer({ noDelay: true }, (socket) => void socket.pipe(socket));
server.listen(0, "127.0.0.1", () => {
  // A TCP server's address is never a path or null.
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${port}\n`);
});
process.stdin.resume().once("end", () => process.exit(0));
