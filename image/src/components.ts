import * as z from "zod";
import { DEBIAN_PACKAGES, DEBIAN_RELEASE } from "./debian.ts";

/** A package that is part of the repository, of the image or of a machine. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Of the file that is downloaded, in hex; undefined where another signature or list of sums is checked. */
  readonly sha512?: string;
  /** How OSV names it, where that knows no purl: Debian's source package. */
  readonly debian?: { readonly ecosystem: string; readonly name: string; readonly version: string };
  /** "repository", "image", or the machines that have it. */
  readonly on: readonly string[];
}

const Dependencies = z.record(z.string(), z.string()).default({});
const BunLock = z.object({
  workspaces: z.record(z.string(), z.object({ dependencies: Dependencies })).default({}),
  packages: z.record(z.string(), z.array(z.unknown())),
});

function parseBunLock(text: string) {
  // Like JSON, with commas before closing brackets.
  return BunLock.parse(JSON.parse(text.replace(/,(?=\s*[}\]])/g, "")));
}

/** Packages of the repository itself are left out. */
export function componentsOfBunLock(text: string): Component[] {
  return Object.values(parseBunLock(text).packages).flatMap(componentOf);
}

/** What the program of a workspace consists of: its dependencies and theirs, without those that `isLeftOut`. */
export function componentsOfWorkspace(text: string, workspace: string, isLeftOut: (name: string) => boolean) {
  const { workspaces, packages } = parseBunLock(text);
  const found = new Map<string, Component[]>();
  const visit = (names: readonly string[], parent: string): void => {
    for (const name of names) {
      // A version of its own has the parent's name before its own.
      const key = [`${parent}/${name}`, name].find((each) => packages[each] !== undefined);
      if (key === undefined || isLeftOut(name) || found.has(key)) continue;
      found.set(key, componentOf(packages[key] ?? []));
      visit(Object.keys(Dependencies.parse(Object(packages[key]?.[2]).dependencies)), key);
    }
  };
  visit(Object.keys(workspaces[workspace]?.dependencies ?? {}), "");
  return [...found.values()].flat();
}

function componentOf([id, ...rest]: readonly unknown[]): Component[] {
  const [, name = "", version = ""] = /^(@?[^@]+)@(\d.*)$/.exec(String(id)) ?? [];
  const integrity = rest.find((each) => typeof each === "string" && each.startsWith("sha512-"));
  if (version === "" || typeof integrity !== "string") return [];
  const sha512 = Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
  return [{ name, version, sha512, purl: `pkg:npm/${name.replace("@", "%40")}@${version}`, on: ["repository"] }];
}

/** What the image takes from Debian. */
export function componentsOfDebian(architecture: string, names?: readonly string[]): Component[] {
  return DEBIAN_PACKAGES.filter(({ name }) => names === undefined || names.includes(name)).map(
    ({ name, source, version }) => ({
      name,
      version,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-${DEBIAN_RELEASE}`,
      debian: { ecosystem: `Debian:${DEBIAN_RELEASE}`, name: source, version },
      on: ["image"],
    }),
  );
}

/** One of each, with all places that have it. */
export function merged(components: readonly Component[]): Component[] {
  return [...Map.groupBy(components, ({ purl }) => purl).values()]
    .flatMap(([first, ...others]) =>
      first === undefined ? [] : [{ ...first, on: [...new Set([first, ...others].flatMap(({ on }) => on))] }],
    )
    .sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** A bill of materials as CycloneDX 1.6. */
export function cycloneDx(components: readonly Component[], version: string, time: Date): object {
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: { type: "application", "bom-ref": "goldenring", name: "goldenring", version },
    },
    components: components.map(({ name, version: of, purl, sha512, on }) => ({
      type: "library",
      "bom-ref": purl,
      name,
      version: of,
      purl,
      ...(sha512 === undefined ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
      properties: on.map((place) => ({ name: "goldenring:on", value: place })),
    })),
  };
}
