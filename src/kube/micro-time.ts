/** metav1.MicroTime: RFC 3339 with exactly six digits after the point; other counts are refused by the API server. */
export function formatMicroTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}
