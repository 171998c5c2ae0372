import { buildImage, type ImageStore, type StoredImage } from "#image";
import { listApplication, type SpinApplication } from "#spin";

interface BuildApplicationOptions {
  readonly name: string;
  readonly store: ImageStore;
  readonly signal: AbortSignal;
}

export interface BuiltApplication {
  readonly application: SpinApplication;
  readonly image: StoredImage;
}

/** Makes the image of a Spin application, laid out as Spin's own examples are: the manifest in the root. */
export async function buildApplication(
  manifestPath: string,
  { name, store, signal }: BuildApplicationOptions,
): Promise<BuiltApplication> {
  const { application, modules, files } = await listApplication(manifestPath);
  const [first, ...others] = modules;
  const image = await buildImage({
    source: first.hostPath,
    moduleName: first.imagePath,
    name,
    store,
    files: [...others, ...files],
    signal,
  });
  return { application, image };
}
