import { KwasmError } from "#base";
import { readLockedApplication } from "../locked/read-locked.ts";
import { shown } from "../table.ts";
import type { ApplicationSpec } from "./application-spec.ts";
import { blobContent } from "./content-finder.ts";
import { planApplication, type PlanOptions } from "./plan-application.ts";

/** An application as `spin registry push` packs it, fetched. */
export interface ApplicationArtifact {
  /** What the user called it, for messages. */
  readonly name: string;
  /** The locked application: JSON text. */
  readonly application: string;
  /** Files by the digests that the application names, which were compared. */
  readonly blobs: ReadonlyMap<string, string>;
  /** Where those files are. What stands in the document itself is put there too. */
  readonly directory: string;
}

/** As planApplication. Throws `not-found` for a digest that the artifact does not have. */
export function planArtifact(
  { name, application, blobs, directory }: ApplicationArtifact,
  options: Omit<PlanOptions, "content">,
): Promise<ApplicationSpec> {
  const blobPath = (digest: string): string => {
    const path = blobs.get(digest);
    if (path !== undefined) return path;
    throw new KwasmError(
      "not-found",
      `find "${shown(digest)}" of Spin application "${name}": the artifact does not have it; push it again`,
    );
  };
  const content = blobContent({ blobPath, scratch: directory });
  return planApplication(readLockedApplication(application), { ...options, content });
}
