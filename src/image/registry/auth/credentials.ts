/** What a registry knows a user by. Never part of a message or a log. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token of a registry's token server, as credential helpers keep it under the user `<token>`. */
  | { readonly kind: "identity-token"; readonly token: string };

/** Finds a user's credentials for a registry; `undefined` is anonymous. */
export type FindCredentials = (registry: string, repository: string) => Promise<Credentials | undefined>;

/** The user name by which credential helpers mark an identity token. */
const IDENTITY_TOKEN_USER = "<token>";

export function credentialsOf(username: string, password: string): Credentials {
  return username === IDENTITY_TOKEN_USER
    ? { kind: "identity-token", token: password }
    : { kind: "password", username, password };
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
