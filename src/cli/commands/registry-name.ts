import { KwasmError } from "#base";
import { parseRemoteName } from "#image";

/** The registry that somebody means: `ghcr.io`, also where it is pasted as an address. */
export function registryNameOf(text: string): string {
  const name = text.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  if (name === "docker.io" || name === "index.docker.io") return "docker.io";
  // An image of it has a name exactly when this is that of a registry.
  const { registry } = parseRemoteName(`${name}/x`);
  if (registry === name) return registry;
  throw new KwasmError("invalid-argument", `read registry "${text}": write HOST or HOST:PORT`);
}
