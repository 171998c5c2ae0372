/**
 * Replaces `$(NAME)` by the value of a known variable, as Kubernetes does in command, args and env: an unknown name
 * stays as written, and `$$` stands for one `$`, so that `$$(NAME)` is the text `$(NAME)`.
 */
export function expandVariables(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/gu, (match, name: string | undefined) => {
    if (name === undefined) return "$";
    return values.get(name) ?? match;
  });
}
