import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { makeCertificate } from "../registry/registry-server.ts";
import { commandOf, DataServer } from "./data-server.ts";

const run = promisify(execFile);

/** Where its programs are, psql among them. */
export const postgresProgram = {
  name: "postgres",
  packages: [
    "postgresql-15",
    "postgresql-client-15",
    "libpq5",
    "libicu72",
    "libldap-2.5-0",
    "libsasl2-2",
    "libxml2",
    "libxslt1.1",
  ],
};

const programs = "usr/lib/postgresql/15/bin";

/** Whom the server knows, and by which password. */
export const postgresUser = { name: "ada", password: "secret-of-the-test" } as const;

/** Debian's PostgreSQL on a free port of this machine, which asks for a password by SCRAM and speaks TLS too. */
export function startPostgres(...more: readonly string[]): Promise<DataServer> {
  return DataServer.start({
    name: postgresProgram.name,
    endSignal: "SIGQUIT",
    async prepare(directory, port) {
      const data = join(directory, "data");
      const password = join(directory, "password");
      writeFileSync(password, postgresUser.password);
      const words = ["--no-sync", "--encoding=UTF8", "--auth=scram-sha-256", `--username=${postgresUser.name}`];
      await runAll(await commandOf(postgresProgram, [`${programs}/initdb`, ...words, `--pwfile=${password}`, data]));
      const { certificate, key } = await makeCertificate(directory);
      copyFileSync(certificate, join(data, "server.crt"));
      copyFileSync(key, join(data, "server.key"));
      chmodSync(join(data, "server.key"), 0o600);
      const settings = [
        `port=${port}`,
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "ssl=on",
        "timezone=Asia/Tokyo",
        ...more,
      ];
      const options = settings.flatMap((setting) => ["-c", setting]);
      return asNobody(await commandOf(postgresProgram, [`${programs}/postgres`, "-D", data, ...options]));
    },
  });
}

async function runAll(words: readonly string[]): Promise<void> {
  const [command = "", ...rest] = asNobody(words);
  await run(command, rest);
}

/** It refuses to run as root, who gets another number in a namespace of users; that undoes how the launcher ends it. */
function asNobody(words: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return words;
  return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "setpriv", "--pdeathsig", "KILL", ...words];
}
