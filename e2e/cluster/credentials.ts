import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whom a certificate names: Kubernetes takes its common name for a user's name and its organisations for groups. */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
  /** The names and addresses at which it may serve. */
  readonly hosts?: readonly string[];
}

/** The group that RBAC refuses nothing. */
export const administrators = "system:masters";

/** A cluster's authority, its certificates, and the kubeconfigs made of them, in a folder. */
export class Credentials {
  readonly directory: string;
  readonly #program: string;

  /** `program` is the one that go/kubernetes/certificates.go belongs to. */
  constructor(directory: string, program: string) {
    this.directory = directory;
    this.#program = program;
    mkdirSync(directory, { recursive: true });
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(this.path("accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(this.path("accounts.key"), privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  /** Writes `NAME.crt` and `NAME.key` for each identity. */
  issue(identities: Readonly<Record<string, Identity>>): void {
    const requests = Object.entries(identities).map(([name, identity]) => ({ name, ...identity }));
    execFileSync(this.#program, [this.directory], { input: JSON.stringify(requests) });
  }

  /** Writes a kubeconfig for the identity of a name that was issued, and returns its path. */
  writeKubeconfig(name: string, server: string): string {
    const configuration = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server, "certificate-authority-data": this.read("ca.crt") } }],
      users: [
        {
          name,
          user: {
            "client-certificate-data": this.read(`${name}.crt`),
            "client-key-data": this.read(`${name}.key`),
          },
        },
      ],
      contexts: [{ name: "test", context: { cluster: "test", user: name } }],
      "current-context": "test",
    };
    const path = this.path(`${name}.kubeconfig`);
    writeFileSync(path, JSON.stringify(configuration, undefined, 2), { mode: 0o600 });
    return path;
  }

  /** A file of the folder as objects of Kubernetes hold it, in Base64. */
  read(file: string): string {
    return readFileSync(this.path(file)).toString("base64");
  }
}
