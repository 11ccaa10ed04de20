/** What the page's build tells the server about its files. */

import type { EncodingName } from "./accept-encoding.ts";

export const MANIFEST_NAME = "manifest.json";

export interface StoredFile {
  /** Name of the file in the build's folder. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface StaticFile {
  /** Path in lower case, as requests name it. */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** Of the content: makes the ETag. */
  readonly hash: string;
  /** "forever" when the path itself changes with the content. */
  readonly caching: "forever" | "revalidate";
  /** Ready files by encoding; compressed ones only where that saves something. */
  readonly stored: { readonly identity: StoredFile } & { readonly [encoding in EncodingName]?: StoredFile };
}

export interface Manifest {
  readonly files: readonly StaticFile[];
}
