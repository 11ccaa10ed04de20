import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError, provenance } from "@goldenring/run-kit";
import { CHECKOUT, lastLines, replaceFile, runProgram } from "@goldenring/stand";
import manifest from "../package.json" with { type: "json" };
import type { Architecture } from "./debian.ts";
import { layers, USER } from "./layers.ts";
import { type Image, image, writeArchive } from "./oci.ts";

/** No registry has this name, so nobody else's image can be taken for it. */
const REPOSITORY = "localhost/goldenring";
const PUSH_DEADLINE_MS = 600_000;

export interface BuildOptions {
  readonly architectures: readonly Architecture[];
  readonly isDemo: boolean;
  readonly bundle: string;
  readonly folder: string;
  /** Default: the version of the repository. */
  readonly tag?: string | undefined;
}

export type Built = Awaited<ReturnType<typeof build>>;

/** Writes the image and its bill of materials into a folder. @returns its `images`: of each architecture */
export async function build({ architectures, isDemo, bundle, folder, tag }: BuildOptions) {
  const { commit, dirty } = await provenance();
  const time = await commitTime();
  const version = tag ?? manifest.version;
  const revision = dirty ? `${commit}-changed` : commit;
  const settings = {
    User: `${USER}:${USER}`,
    ExposedPorts: { "8080/tcp": {} },
    Env: ["PATH=/usr/bin", "HOST=0.0.0.0", "PORT=8080", `BUILD_COMMIT=${revision}`],
    // Without the options Bun reads settings of the folder it is started in, and installs packages that are missing.
    Entrypoint: ["/usr/bin/bun", "--no-install", "--no-env-file", "/app/src/main.js"],
    WorkingDir: "/app",
    StopSignal: "SIGTERM",
    Labels: {
      "org.opencontainers.image.title": isDemo ? "Goldenring, with a PostgreSQL for a look" : "Goldenring",
      "org.opencontainers.image.description": "A weather API that keeps answering when its database does not",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": revision,
      "org.opencontainers.image.created": time.toISOString(),
      "org.opencontainers.image.licenses": manifest.license,
    },
  };
  const name = `${REPOSITORY}:${version}${isDemo ? "-demo" : ""}`;
  const file = join(folder, `goldenring-${version}${isDemo ? "-demo" : ""}-${architectures.join("-")}.tar`);
  mkdirSync(folder, { recursive: true });
  const images: Image[] = [];
  for (const architecture of architectures) {
    const made = await layers({ architecture, isDemo, bundle, time });
    images.push(image(architecture, made.layers, settings, time));
    replaceFile(`${file.slice(0, -".tar".length)}.cdx.json`, made.sbom);
  }
  return { name, file, digest: writeArchive(file, name, images), images };
}

/** The same commit makes the same image: no other time is in it. 1970 where there is no git. */
async function commitTime(): Promise<Date> {
  const argv = ["git", "show", "--no-patch", "--format=%ct", "HEAD"];
  const { code, stdout } = await runProgram(argv, { deadlineMs: 10_000, folder: CHECKOUT });
  return new Date(code === 0 ? Number(stdout) * 1_000 : 0);
}

/** Pushes an archive with skopeo, which knows the logins of Docker and Podman. @param repository such as `registry.example/weather` */
export async function push({ file, name }: Built, repository: string): Promise<string> {
  const tag = name.slice(name.lastIndexOf(":") + 1);
  const target = `${repository}:${tag}`;
  if ((await runProgram(["skopeo", "--version"], { deadlineMs: 10_000 })).code !== 0)
    throw new CommandError("To push an image, skopeo is needed: apt-get install skopeo");
  const argv = ["skopeo", "copy", "--all", `oci-archive:${file}:${tag}`, `docker://${target}`];
  // Its logins may be there.
  const { code, stderr } = await runProgram(argv, { deadlineMs: PUSH_DEADLINE_MS, environment: process.env });
  if (code !== 0) throw new CommandError(`The image cannot be pushed to ${target}:\n${lastLines(stderr, 3)}`);
  return target;
}
