import { type Component, cycloneDx, merged } from "@goldenring/image";
import { CommandError, EXIT, oneLine, print, printError } from "@goldenring/run-kit";
import { CHECKOUT, replaceFile, runProgram } from "@goldenring/stand";
import * as z from "zod";
import manifest from "../../package.json" with { type: "json" };
import { componentsOfMachines, componentsOfRepository } from "../components.ts";
import type { Context } from "../context.ts";

/** Knows the advisories of npm, PyPI, Go and Debian. https://google.github.io/osv.dev/post-v1-querybatch/ */
const OSV = "https://api.osv.dev";
const MAX_QUERIES = 1_000;
const SOURCE_DEADLINE_MS = 30_000;

/** Writes what the repository and the machines of the stand consist of. @param file standard output where it is undefined */
export async function sbom(context: Context, file: string | undefined): Promise<number> {
  const { components, isComplete } = await allComponents(context);
  const document = `${JSON.stringify(cycloneDx(components, manifest.version, new Date()), null, 1)}\n`;
  if (file === undefined) print(document);
  else replaceFile(file, document);
  return isComplete ? EXIT.ok : EXIT.failed;
}

/** Compares all components with the known vulnerabilities. @throws {CommandError} where no source of them can be reached */
export async function audit(context: Context): Promise<number> {
  const { components, isComplete } = await allComponents(context);
  const errors: string[] = [];
  for (const [name, ask] of [
    ["OSV", askOsv],
    ["the registry of npm (only its packages)", askNpm],
  ] as const) {
    try {
      const found = await ask(components);
      for (const line of found) print(`${oneLine(line)}\n`);
      print(
        `${found.length === 0 ? "No known vulnerability" : `${found.length} packages with known vulnerabilities`}: asked ${name}\n`,
      );
      return found.length === 0 && isComplete ? EXIT.ok : EXIT.failed;
    } catch (error) {
      errors.push(`  ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new CommandError(
    `Nothing was checked, because no source of advisories answered:\n${errors.join("\n")}\n` +
      `Run it again where one of them can be reached. GOLDENRING_OSV=URL names a server that answers as ${OSV} does, npm_config_registry=URL another registry of npm.`,
  );
}

async function allComponents(context: Context) {
  const ofRepository = componentsOfRepository();
  try {
    const { components, silent } = await componentsOfMachines((await context.inventory()).machines);
    if (silent.length > 0) printError(`ring: without the machines that do not answer: ${silent.join(", ")}\n`);
    return { components: merged([...ofRepository, ...components]), isComplete: silent.length === 0 };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    printError(`ring: only the repository, no machines: ${error.message}\n`);
    return { components: ofRepository, isComplete: true };
  }
}

const Answers = z.object({
  results: z.array(
    z.object({ vulns: z.array(z.object({ id: z.string() })).default([]), next_page_token: z.string().optional() }),
  ),
});

const queryOf = ({ purl, debian }: Component): object =>
  debian === undefined
    ? { package: { purl } }
    : { package: { ecosystem: debian.ecosystem, name: debian.name }, version: debian.version };

async function askOsv(components: readonly Component[]): Promise<string[]> {
  const found = new Map<Component, string[]>();
  const left = components.map((component) => ({ component, query: queryOf(component) }));
  while (left.length > 0) {
    const asked = left.splice(0, MAX_QUERIES);
    const queries = asked.map(({ query }) => query);
    const response = await fetch(`${process.env.GOLDENRING_OSV ?? OSV}/v1/querybatch`, {
      method: "POST",
      body: JSON.stringify({ queries }),
      signal: AbortSignal.timeout(SOURCE_DEADLINE_MS),
    });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const { results } = Answers.parse(await response.json());
    for (const [index, { component, query }] of asked.entries()) {
      const result = results[index];
      if (result === undefined) throw new Error(`it answers ${results.length} of ${asked.length} queries`);
      const ids = result.vulns.map(({ id }) => id);
      if (ids.length > 0) found.set(component, [...(found.get(component) ?? []), ...ids]);
      // A page may be empty, and the next one not.
      if (result.next_page_token) left.push({ component, query: { ...query, page_token: result.next_page_token } });
    }
  }
  return [...found].map(([{ name, version, on }, ids]) => `${name} ${version} (${on.join(", ")}): ${ids.join(" ")}`);
}

const Advisories = z.record(z.string(), z.array(z.object({ url: z.string(), vulnerable_versions: z.string() })));

async function askNpm(): Promise<string[]> {
  const argv = [`${CHECKOUT}/node_modules/.bin/bun`, "audit", "--json"];
  const { stdout, stderr } = await runProgram(argv, {
    deadlineMs: SOURCE_DEADLINE_MS,
    folder: CHECKOUT,
    // The registry and its login may be there.
    environment: process.env,
  });
  const parsed = Advisories.safeParse(stdout.trim() === "" ? undefined : JSON.parse(stdout));
  if (!parsed.success) throw new Error(stderr.trim().split("\n").at(-1));
  return Object.entries(parsed.data).map(
    ([name, all]) => `${name}: ${all.map((each) => `${each.vulnerable_versions} ${each.url}`).join(", ")}`,
  );
}
