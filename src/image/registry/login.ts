import type { RegistryAccess } from "./access.ts";

/** Asks a registry whether it knows a user: the base of its API, as docker and podman do. Throws where it does not. */
export async function checkLogin(
  registry: string,
  { username, password }: { readonly username: string; readonly password: string },
  access: RegistryAccess,
  signal?: AbortSignal,
): Promise<void> {
  const credentials = { kind: "password", username, password } as const;
  const clients = await access.clientsFor({ registry, repository: "" }, signal, () => Promise.resolve(credentials));
  const own = clients.at(-1) ?? clients[0];
  const response = await own.ask({ method: "GET", path: "", scopes: [], accepted: [200] });
  response.discard();
}
