/**
 * The rules in a pod's annotation `allowedOutboundHosts`, which are parted by commas or spaces. What a rule means is the
 * engine's to say; a pod without the annotation has none.
 */
export function parseOutboundHosts(text: string | undefined): readonly string[] {
  return (text ?? "").split(/[\s,]+/u).filter((rule) => rule !== "");
}
