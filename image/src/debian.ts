import { readDownload } from "./downloads.ts";

/** Debian's names of processors, which are OCI's, too. */
export const ARCHITECTURES = ["amd64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/**
 * What the image takes from Debian 12. A release that gets no more point releases keeps its files in Debian's archive, while a current one
 * replaces them: the same commit could not be built later. To change a version: `apt-cache show NAME` on that release has the checksum, which
 * Debian's signature covers. `ring audit` tells when one has a known vulnerability.
 */
export const DEBIAN_RELEASE = "12";
const PACKAGES = {
  libc6: {
    source: "glibc",
    version: "2.36-9+deb12u14",
    amd64: "ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf",
    arm64: "01f4330719fd4f65580e16ea5a0527f372fca750e8f588d26deaf09f2d3b1cf4",
  },
  "libgcc-s1": {
    source: "gcc-12",
    version: "12.2.0-14+deb12u1",
    amd64: "3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7",
    arm64: "576926b283613db80168ddf76380a3bd877602778cf0d226caa7bfbfa71eacf3",
  },
  "libstdc++6": {
    source: "gcc-12",
    version: "12.2.0-14+deb12u1",
    amd64: "5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d",
    arm64: "26e138c677a985775331373828a6c286c551ff397cb735d00e2383cb273d1cb2",
  },
  "gcc-12-base": {
    source: "gcc-12",
    version: "12.2.0-14+deb12u1",
    amd64: "1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619",
    arm64: "674cf6cba6d432bd200c45fe866c1652c7a53523cc2e7a613e05bc4abf7b5440",
  },
  dash: {
    source: "dash",
    version: "0.5.12-2",
    amd64: "33ea40061da2f1a861ec46212b2b6a34f0776a049b1a3f0abce2fb8cb994258f",
    arm64: "c1358e2a8054eb93efd460adf480224a16ea9e0b4d7b4c6cbcf8c8c91902a1d7",
  },
} as const;

export type DebianName = keyof typeof PACKAGES;
export const DEBIAN_PACKAGES = Object.entries(PACKAGES).map(([name, of]) => ({ name, ...of }));

/** The second one keeps all files for ever, and is slow. */
const ARCHIVES = [
  "http://deb.debian.org/debian",
  "http://snapshot.debian.org/archive/debian/20261101T000000Z",
] as const;

/** The package's archive of files, in xz. @throws {CommandError} where no archive has it */
export async function debianFiles(name: DebianName, architecture: Architecture): Promise<Buffer> {
  const { source, version, [architecture]: sha256 } = PACKAGES[name];
  const path = `pool/main/${source[0]}/${source}/${name}_${version}_${architecture}.deb`;
  const deb = await readDownload(`${name}_${version}_${architecture}.deb`, { algorithm: "sha256", hex: sha256 }, () =>
    fetchFirst(ARCHIVES.map((archive) => `${archive}/${path}`)),
  );
  return memberOf(deb, "data.tar.xz");
}

async function fetchFirst(urls: readonly string[]): Promise<Buffer> {
  const refusals: string[] = [];
  for (const url of urls) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) });
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      refusals.push(`${url}: ${response.status}`);
    } catch (error) {
      refusals.push(`${url}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(refusals.join("\n"));
}

const FETCH_DEADLINE_MS = 60_000;
const AR_MAGIC = "!<arch>\n";
const AR_HEADER_BYTES = 60;

/** A Debian package is an ar archive: headers of 60 bytes with name and length, contents padded to even lengths. See deb(5), ar(5). */
function memberOf(deb: Buffer, wanted: string): Buffer {
  for (let at = AR_MAGIC.length; at < deb.length; ) {
    const name = deb.toString("ascii", at, at + 16).trim();
    const bytes = Number(deb.toString("ascii", at + 48, at + 58));
    const start = at + AR_HEADER_BYTES;
    if (name.replace(/\/$/, "") === wanted) return deb.subarray(start, start + bytes);
    at = start + bytes + (bytes % 2);
  }
  throw new Error(`This Debian package has no ${wanted}`);
}
