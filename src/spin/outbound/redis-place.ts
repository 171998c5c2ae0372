/** `redis://HOST:PORT` of an address, which may have a user and a database; undefined for what is no address of Redis. */
export function redisPlaceOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  if ((protocol !== "redis:" && protocol !== "rediss:") || hostname === "") return undefined;
  return `${protocol}//${hostname}:${port === "" ? "6379" : port}`;
}
