import type { HostInterface } from "#engine";
import { type Answer, err } from "./answer.ts";

/** `fermyon:spin/llm@2.0.0`: there are no models here. */
export const llmInterface: HostInterface = {
  functions: { infer: refuse, "generate-embeddings": refuse },
  resources: {},
};

function refuse(): Answer {
  return err("model-not-supported");
}
