import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Component, componentsOfBunLock, componentsOfDebian, merged } from "@goldenring/image";
import { CHECKOUT, type Machine, runOn } from "@goldenring/stand";

const MACHINE_DEADLINE_MS = 30_000;

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

/** What programs of the repository, the image, machines of the lab and load tests are made of. */
export function componentsOfRepository(): Component[] {
  const read = (file: string): string => readFileSync(join(CHECKOUT, file), "utf8");
  const lists = globSync("cluster/roles/patroni/files/requirements-*.txt", { cwd: CHECKOUT });
  return merged([
    ...componentsOfBunLock(read("bun.lock")),
    ...componentsOfDebian("amd64"),
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
