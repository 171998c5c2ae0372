import type { NetworkGrant } from "#node";

import type { OptionSpecs, OptionValues } from "../../frame/parse-options.ts";

/** Options of commands that run guests with a network. */
export const networkOptions = {
  network: { summary: "Allow all connections, names and ports, but not addresses of clouds' metadata" },
  "allow-outbound": {
    value: "HOST[:PORT]",
    isRepeatable: true,
    summary: "Allow connections to a host: a name, *.NAME, an address, a block or *",
  },
  "allow-bind": { value: "ADDR:PORT", isRepeatable: true, summary: "Allow listening there; PORT may be 0 or *" },
} as const satisfies OptionSpecs;

/** What the options grant. The rules are read where the guest runs, which is refused where one of them is none. */
export function networkGrantOf(options: OptionValues<typeof networkOptions>): NetworkGrant {
  return {
    outbound: [...options["allow-outbound"], ...(options.network ? ["*"] : [])],
    binds: [...options["allow-bind"], ...(options.network ? ["*:*"] : [])],
  };
}
