import { makeCertificate } from "../registry/registry-server.ts";
import { commandOf, DataServer } from "./data-server.ts";

const program = {
  name: "redis",
  packages: [
    "redis-tools",
    "redis-server",
    "libhiredis0.14",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
    "lua-bitop",
    "lua-cjson",
  ],
};

/** Debian's Redis on a free port of this machine, which keeps nothing; with a certificate that signs itself where it speaks TLS. */
export function startRedis({ isSecure = false } = {}): Promise<DataServer> {
  return DataServer.start({
    name: program.name,
    async prepare(directory, port) {
      const place = isSecure ? await tlsOptions(directory, port) : ["--port", String(port)];
      return redisServerCommand(directory, ["--bind", "127.0.0.1", ...place]);
    },
  });
}

/** The words that run Debian's Redis with what is given; it keeps nothing. */
export function redisServerCommand(directory: string, words: readonly string[]): Promise<readonly string[]> {
  const own = [...words, "--dir", directory, "--save", "", "--appendonly", "no"];
  return commandOf(program, ["usr/bin/redis-server", ...own]);
}

/** The words that run Redis' own client. */
export function redisCommand(words: readonly string[]): Promise<readonly string[]> {
  return commandOf(program, ["usr/bin/redis-cli", ...words]);
}

async function tlsOptions(directory: string, port: number): Promise<readonly string[]> {
  const { certificate, key } = await makeCertificate(directory);
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
  return ["--port", "0", "--tls-port", String(port), ...files, "--tls-auth-clients", "no"];
}
