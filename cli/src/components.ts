import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT, type Machine, runOn } from "@goldenring/stand";
import * as z from "zod";

/** A package that is part of the repository or of a machine. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Of the file that is downloaded, in hex; undefined where another signature or list of sums is checked. */
  readonly sha512?: string;
  /** How OSV names it, where that knows no purl: Debian's source package. */
  readonly debian?: { readonly ecosystem: string; readonly name: string; readonly version: string };
  /** "repository", or the machines that have it. */
  readonly on: readonly string[];
}

const MACHINE_DEADLINE_MS = 30_000;

const BunLock = z.object({ packages: z.record(z.string(), z.array(z.unknown())) });

/** Like JSON, with commas before closing brackets. Packages of the repository itself are left out. */
export function componentsOfBunLock(text: string): Component[] {
  const { packages } = BunLock.parse(JSON.parse(text.replace(/,(?=\s*[}\]])/g, "")));
  return Object.values(packages).flatMap(([id, ...rest]): Component[] => {
    const [, name = "", version = ""] = /^(@?[^@]+)@(\d.*)$/.exec(String(id)) ?? [];
    const integrity = rest.find((each) => typeof each === "string" && each.startsWith("sha512-"));
    if (version === "" || typeof integrity !== "string") return [];
    const sha512 = Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
    return [{ name, version, sha512, purl: `pkg:npm/${name.replace("@", "%40")}@${version}`, on: ["repository"] }];
  });
}

/** A list for pip, or what `pip freeze` prints. */
export function componentsOfPip(text: string, on: string): Component[] {
  return [...text.matchAll(/^([\w.-]+)==([^\s\\;]+)/gm)].map(([, name = "", version = ""]) => {
    const purl = `pkg:pypi/${name.toLowerCase().replaceAll("_", "-")}@${encodeURIComponent(version)}`;
    return { name, version, purl, on: [on] };
  });
}

export function componentsOfGoMod(text: string): Component[] {
  return [...text.matchAll(/^\t(\S+) (v\S+)/gm)].map(([, name = "", version = ""]) => {
    return { name, version, purl: `pkg:golang/${name}@${encodeURIComponent(version)}`, on: ["repository"] };
  });
}

/** What `PACKAGES_OF_MACHINE` prints. */
export function componentsOfMachine(text: string, on: string): Component[] {
  const [, release = ""] = /^release (\S+)$/m.exec(text) ?? [];
  const debs = [...text.matchAll(/^deb (\S+) (\S+) (\S+) (\S+) (\S+)$/gm)].map(
    ([, name = "", version = "", architecture = "", source = "", sourceVersion = ""]): Component => ({
      name,
      version,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-${release}`,
      debian: { ecosystem: `Debian:${release}`, name: source, version: sourceVersion },
      on: [on],
    }),
  );
  return [...debs, ...componentsOfPip(text, on)];
}

const PACKAGES_OF_MACHINE = `. /etc/os-release; echo "release $VERSION_ID"
dpkg-query -W -f '\${db:Status-Status} deb \${Package} \${Version} \${Architecture} \${source:Package} \${source:Version}\\n' | sed -n 's/^installed //p'
for pip in /opt/patroni*/bin/pip; do [ ! -x "$pip" ] || "$pip" freeze --disable-pip-version-check; done`;

/** What programs of the repository, machines of the lab and load tests are made of. */
export function componentsOfRepository(): Component[] {
  const read = (file: string): string => readFileSync(join(CHECKOUT, file), "utf8");
  const lists = globSync("cluster/roles/patroni/files/requirements-*.txt", { cwd: CHECKOUT });
  return merged([
    ...componentsOfBunLock(read("bun.lock")),
    ...lists.flatMap((file) => componentsOfPip(read(file), "repository")),
    ...componentsOfGoMod(read(".ci/k6/go.mod")),
  ]);
}

/** The packages of all machines that answer, and which do not. */
export async function componentsOfMachines(machines: readonly Machine[]) {
  const silent: string[] = [];
  const found = await Promise.all(
    machines.map(async (machine) => {
      const { code, stdout } = await runOn(machine, PACKAGES_OF_MACHINE, { deadlineMs: MACHINE_DEADLINE_MS });
      if (code === 0) return componentsOfMachine(stdout, machine.name);
      silent.push(machine.name);
      return [];
    }),
  );
  return { components: merged(found.flat()), silent };
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
