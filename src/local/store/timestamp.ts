/** RFC 3339 with whole seconds, as Kubernetes prints times in objects. */
export function timestampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/u, "Z");
}
