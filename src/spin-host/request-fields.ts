import type { HttpExchange, RequestHead } from "#engine";
import type { RouteMatch } from "#spin";

/** Characters that a value of a field may have, after the rest was taken out: what a path has is no header yet. */
const badCharacter = /[^\t\u0020-\u007e\u0080-\u00ff]/g;

/**
 * The head that a component is told: with what Spin says of the route and the client, in whose names nothing of the
 * client passes (crates/trigger-http/src/headers.rs of Spin). `urlHost` is what its own URL is told with.
 */
export function requestOfRoute(
  exchange: HttpExchange,
  match: RouteMatch<unknown>,
  urlHost = exchange.request.authority ?? "localhost",
): RequestHead {
  const { method, scheme, authority, pathWithQuery, fields } = exchange.request;
  const own = fields.filter(([name]) => !/^spin-/iu.test(name));
  const url = `${scheme ?? "http"}://${urlHost}${pathWithQuery ?? "/"}`;
  const { rawRoute, basedRoute, rest, named } = match;
  const added: (readonly [string, string])[] = [
    ["spin-path-info", rest],
    ["spin-full-url", url],
    ["spin-matched-route", basedRoute],
    ["spin-base-path", "/"],
    ["spin-raw-component-route", rawRoute],
    ["spin-component-route", rawRoute.replace(/\/\.\.\.$/u, "")],
    ["spin-client-addr", clientOf(exchange)],
    ...named.map(([name, value]) => [`spin-path-match-${name.toLowerCase()}`, value] as const),
  ];
  const checked = added.map(([name, value]) => [name, value.replaceAll(badCharacter, "")] as const);
  return { method, scheme, authority, pathWithQuery, fields: [...own, ...checked] };
}

function clientOf({ client, clientPort }: HttpExchange): string {
  return `${client.includes(":") ? `[${client}]` : client}:${String(clientPort)}`;
}
