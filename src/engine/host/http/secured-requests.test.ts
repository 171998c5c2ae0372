import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ConnectingClient, type Connector } from "./connecting-client.ts";
import { grantScratch } from "../files/grant-fixture.ts";
import { HttpFailure } from "./http-failure.ts";
import { OutgoingContent } from "./outgoing-content.ts";
import { trustOf, type TrustingGuest } from "./trusted-authorities.ts";

const scratch = mkdtempDisposableSync(join(tmpdir(), "secured-requests-"));
after(() => scratch.remove());

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** One that signs itself, or that another one has signed. */
function makeCertificate(name: string, names: string, signer?: string): Certificate {
  const place = (end: string): string => join(scratch.path, `${name}.${end}`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const files = ["-keyout", place("key"), "-out", place("crt")];
  const signing =
    signer === undefined
      ? []
      : ["-CA", join(scratch.path, `${signer}.crt`), "-CAkey", join(scratch.path, `${signer}.key`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...signing, ...subject], { stdio: "ignore" });
  return { cert: readFileSync(place("crt"), "utf8"), key: readFileSync(place("key"), "utf8") };
}

const here = "DNS:localhost,IP:127.0.0.1";
const own = makeCertificate("own", here);
const authority = makeCertificate("authority", "DNS:authority.test");
const signed = makeCertificate("signed", here, "authority");
const elsewhere = makeCertificate("elsewhere", "DNS:elsewhere.test", "authority");

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function securedBy(certificate: Certificate): Promise<number> {
  return portOf(createServer(certificate, (request, response) => response.end(`secured ${request.url}`)));
}

/** Names are this machine's, whatever they are. */
const toThisMachine: Connector = {
  async connect({ port }) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  },
};

/** What came back, or the code of the failure. */
async function ask(to: string, guest?: TrustingGuest): Promise<string> {
  const trust = guest && { trust: () => trustOf(guest) };
  const client = new ConnectingClient(toThisMachine, { traceFields: () => [], ...trust });
  const content = new OutgoingContent();
  content.finish([]);
  const head = { method: "GET", scheme: "https", authority: to, pathWithQuery: "/a", fields: [] };
  const limits = { connectMs: 10_000, firstByteMs: 10_000, betweenBytesMs: 10_000 };
  const pending = client.send({ head, content, ...limits });
  while (!pending.ready.isReady()) await new Promise<void>((resolve) => void pending.ready.onReady(resolve));
  const outcome = pending.outcome();
  assert.ok(outcome !== undefined);
  if (outcome instanceof HttpFailure) return outcome.httpCode.tag;
  const stream = outcome.content.open();
  let text = "";
  for (;;) {
    const piece = stream.read(65_536);
    if (piece === "ended") return text;
    if (piece === undefined) await new Promise<void>((resolve) => void stream.readable.onReady(resolve));
    else text += Buffer.from(piece).toString();
  }
}

test("a server is asked by TLS where its certificate is trusted and is for the name or address that was asked for", async () => {
  const trusted = getCACertificates("default");
  const [signsItself, isSigned] = [await securedBy(own), await securedBy(signed)];
  assert.equal(await ask(`localhost:${signsItself}`), "TLS-certificate-error");
  assert.equal(await ask(`localhost:${isSigned}`), "TLS-certificate-error");
  setDefaultCACertificates([...trusted, own.cert, authority.cert]);
  for (const port of [signsItself, isSigned]) {
    assert.equal(await ask(`localhost:${port}`), "secured /a");
    assert.equal(await ask(`127.0.0.1:${port}`), "secured /a");
    assert.equal(await ask(`other.test:${port}`), "TLS-certificate-error");
  }
  assert.equal(await ask(`localhost:${await securedBy(elsewhere)}`), "TLS-certificate-error");
});

test("a guest trusts the authorities that its SSL_CERT_FILE names besides the usual ones, and no other guest does", async () => {
  using folder = grantScratch({
    guestPath: "/etc/certs",
    fill: (path) => {
      writeFileSync(join(path, "own.pem"), `# ours\n${authority.cert}`);
      writeFileSync(join(path, "none.pem"), "nothing");
      writeFileSync(join(path, "damaged.pem"), authority.cert.replace(/\n[^\n]{20}/, "\n"));
    },
  });
  const guestOf = (file: string): TrustingGuest => ({ env: [["SSL_CERT_FILE", file]], preopens: [folder.tree] });
  const [port, other] = [await securedBy(signed), await securedBy(makeCertificate("stranger", here))];
  setDefaultCACertificates([own.cert]);
  for (const [file, expected] of [
    ["/etc/certs/own.pem", "secured /a"],
    ["/etc/certs//own.pem", "secured /a"],
    ["/etc/certs/absent.pem", "TLS-certificate-error"],
    ["/etc/passwd", "TLS-certificate-error"],
    ["/etc/certs/none.pem", "configuration-error"],
    ["/etc/certs/damaged.pem", "configuration-error"],
    ["/etc/certs/.", "configuration-error"],
  ] as const) {
    assert.equal(await ask(`localhost:${port}`, guestOf(file)), expected, file);
  }
  assert.equal(await ask(`localhost:${other}`, guestOf("/etc/certs/own.pem")), "TLS-certificate-error");
  assert.equal(await ask(`localhost:${await securedBy(own)}`, guestOf("/etc/certs/own.pem")), "secured /a");
  assert.equal(await ask(`localhost:${port}`), "TLS-certificate-error");
});

test("a server that speaks no TLS is told from one that nobody trusts", async () => {
  const port = await portOf(createPlainServer((_request, response) => response.end("in clear")));
  assert.equal(await ask(`localhost:${port}`), "TLS-protocol-error");
});

test("an address is no name that a server is told", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", note);
  setDefaultCACertificates([own.cert]);
  assert.equal(await ask(`127.0.0.1:${await securedBy(own)}`), "secured /a");
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});
