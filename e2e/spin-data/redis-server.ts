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

/** Debian's Redis on a free port of this machine, which keeps nothing. */
export function startRedis(...options: readonly string[]): Promise<DataServer> {
  return DataServer.start({
    name: program.name,
    prepare(directory, port) {
      const own = [
        "--bind",
        "127.0.0.1",
        "--port",
        String(port),
        "--dir",
        directory,
        "--save",
        "",
        "--appendonly",
        "no",
      ];
      return commandOf(program, ["usr/bin/redis-server", ...own, ...options]);
    },
  });
}
