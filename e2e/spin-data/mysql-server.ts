import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { commandOf, DataServer } from "./data-server.ts";

const run = promisify(execFile);

const program = {
  name: "mysql",
  packages: ["mariadb-server-core", "mariadb-client-core", "libaio1", "libnuma1", "liburing2"],
};

/** Whom the server knows, and by which password. */
export const mysqlUser = { name: "ada", password: "secret-of-the-test" } as const;

/** Debian's MariaDB on a free port of this machine, with a database `shop`. */
export function startMysql(): Promise<DataServer> {
  return DataServer.start({
    name: program.name,
    async prepare(directory, port) {
      const data = join(directory, "data");
      const own = ["--no-defaults", `--datadir=${data}`, "--user=root"];
      const install = await commandOf(program, ["usr/bin/mariadb-install-db", ...own, "--skip-test-db"]);
      // The script is told where the packages were unpacked, which is where itself is.
      const script = install.find((word) => word.endsWith("mariadb-install-db")) ?? "";
      const base = join(script, "../..");
      await run("env", [...install.slice(1), `--basedir=${base}`, "--auth-root-authentication-method=normal"]);
      const file = join(directory, "init.sql");
      const { name, password } = mysqlUser;
      writeFileSync(
        file,
        `CREATE DATABASE shop;\nCREATE USER '${name}'@'%' IDENTIFIED BY '${password}';\nGRANT ALL ON shop.* TO '${name}'@'%';\n`,
      );
      const place = [
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        `--port=${port}`,
        `--socket=${join(directory, "socket")}`,
      ];
      const fast = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=8M", "--max-allowed-packet=256M"];
      return commandOf(program, [
        "usr/sbin/mariadbd",
        ...own,
        `--basedir=${base}`,
        `--init-file=${file}`,
        ...place,
        ...fast,
      ]);
    },
  });
}
