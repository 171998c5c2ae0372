/** The method by which control shows its keeper that it answers. */
export const pingMethod = { service: "kwasm.Control", method: "Ping" } as const;
