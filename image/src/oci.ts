import { createHash } from "node:crypto";
import { replaceFile } from "@goldenring/stand";
import type { Architecture } from "./debian.ts";
import { type Entry, tar } from "./tar.ts";

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md */
const TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

const INDEX = { schemaVersion: 2, mediaType: TYPES.index };

/** zlib's output depends on the processor, libdeflate's does not. More takes twice the time for 3 % less. */
const GZIP = { level: 6, library: "libdeflate" } as const;

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Uint8Array;
}

export interface Layer extends Blob {
  /** The checksum of the archive before compression. */
  readonly diffId: string;
  readonly title: string;
}

export type Image = ReturnType<typeof image>;

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function blob(mediaType: string, content: Uint8Array | object): Blob {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  return { mediaType, digest: sha256(bytes), size: bytes.length, bytes };
}

const reference = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });

export function layer(title: string, entries: readonly Entry[]): Layer {
  const archive = tar(entries);
  return { ...blob(TYPES.layer, Bun.gzipSync(archive, GZIP)), diffId: sha256(archive), title };
}

/** @param settings how a container of it starts */
export function image(architecture: Architecture, layers: readonly Layer[], settings: object, time: Date) {
  const created = time.toISOString();
  const config = blob(TYPES.config, {
    created,
    architecture,
    os: "linux",
    config: settings,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: title })),
  });
  const manifest = blob(TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: reference(config),
    layers: layers.map(reference),
  });
  return { architecture, manifest, config, layers };
}

/**
 * Writes an archive that containerd, Podman, skopeo, kind and Docker read.
 *
 * @param name such as `localhost/goldenring:0.1.0`
 * @returns the digest that a registry will show
 */
export function writeArchive(file: string, name: string, images: readonly Image[]): string {
  const tag = name.slice(name.lastIndexOf(":") + 1);
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag };
  const manifests = images.map(({ manifest, architecture }) => ({
    ...reference(manifest),
    platform: { architecture, os: "linux" },
  }));
  const index = blob(TYPES.index, { ...INDEX, manifests });
  const [only, ...others] = images;
  const top = others.length > 0 || only === undefined ? index : only.manifest;
  const blobs = [
    ...(top === index ? [index] : []),
    ...images.flatMap((each) => [each.manifest, each.config, ...each.layers]),
  ];
  const pathOf = ({ digest }: Blob): string => `blobs/${digest.replace(":", "/")}`;
  const entries: Entry[] = [
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: "index.json", content: JSON.stringify({ ...INDEX, manifests: [{ ...reference(top), annotations }] }) },
    ...[...new Map(blobs.map((each) => [pathOf(each), each.bytes]))].map(([path, content]) => ({ path, content })),
  ];
  // Docker and kind read this one.
  if (only !== undefined && top === only.manifest) {
    const docker = { Config: pathOf(only.config), RepoTags: [name], Layers: only.layers.map(pathOf) };
    entries.push({ path: "manifest.json", content: JSON.stringify([docker]) });
  }
  replaceFile(file, tar(entries));
  return top.digest;
}
