import type { CoreExternType, SizeLimits } from "../component/index.ts";

/** The type of something that a core module imports or exports, in the words of the text format. */
export function coreTypeText(type: CoreExternType | undefined): { readonly type?: string } {
  return type === undefined ? {} : { type: textOf(type) };
}

function textOf(type: CoreExternType): string {
  switch (type.kind) {
    case "func":
      return functionText(type);
    case "tag":
      return functionText(type.type);
    case "memory":
      return sizes(type);
    case "table":
      return `${sizes(type)} ${type.element}`;
    case "global":
      return type.mutable ? `(mut ${type.type})` : type.type;
  }
}

function functionText({ parameters, results }: Extract<CoreExternType, { kind: "func" }>): string {
  return `(${parameters.join(", ")}) -> (${results.join(", ")})`;
}

function sizes({ initial, maximum }: SizeLimits): string {
  return maximum === undefined ? String(initial) : `${initial} ${maximum}`;
}
