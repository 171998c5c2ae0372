import type { Finding } from "#installer";

export function good(name: string, message: string): Finding {
  return { name, state: "good", message };
}

/** `message` is what was seen, and after a colon what to do. */
export function bad(name: string, message: string): Finding {
  return { name, state: "bad", message };
}

export function unknown(name: string, message: string): Finding {
  return { name, state: "unknown", message };
}
