import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError, type Output } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import type { Command } from "commander";
import { parse } from "yaml";
import { sourceOf } from "../file/read-file.ts";
import { MARK, proposalText, proposeFromOpenApi } from "../service/propose.ts";
import { proposeFromCurl } from "../service/propose-from-curl.ts";

const DEADLINE_MS = 30_000;

interface InitOptions {
  readonly openapi?: string;
  readonly fromCurl?: string;
  readonly output?: string;
}

/** `init` writes a service file; see docs/own-service.md. */
export function addInitCommand(program: Command, output: Output): void {
  program
    .command("init")
    .description("propose a service file, for experiments with a service of your own")
    .option("--openapi <url or file>", "its OpenAPI document: 3.0, 3.1 or Swagger 2, JSON or YAML")
    .option("--from-curl <command>", "a command line of curl that writes, as the tools of a browser copy it")
    .option("-o, --output <file>", "the service file (default: NAME.service.yml in this folder)")
    .action((options: InitOptions) => init(options, output));
}

async function init({ openapi, fromCurl, output: file }: InitOptions, { result, log }: Output): Promise<void> {
  if ((openapi === undefined) === (fromCurl === undefined))
    throw new CommandError("Give one of --openapi URL|FILE and --from-curl 'curl ...'.", "usage");
  const { name, text } = fromCurl === undefined ? await fromOpenApi(openapi ?? "") : proposeFromCurl(fromCurl);
  const path = file ?? `${name}.service.yml`;
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new CommandError(
      isThere ? `${path} is there already: name another file with --output.` : messageOf(error),
      "usage",
    );
  }
  result(path);
  const marked = text.split("\n").filter((line) => line.includes(`# ${MARK}`)).length;
  log(marked === 0 ? "nothing was left open" : `lines to look at: ${marked}, each with ${MARK}`);
}

async function fromOpenApi(place: string): Promise<{ readonly name: string; readonly text: string }> {
  const isUrl = /^https?:\/\//.test(place);
  const content = isUrl ? await download(place) : (await sourceOf(resolve(place))).content;
  const paths = typeof content === "object" && content !== null && "paths" in content ? content.paths : undefined;
  if (typeof paths !== "object" || paths === null)
    throw new CommandError(`${place} is no OpenAPI document: it has no paths.`, "usage");
  const proposal = proposeFromOpenApi(content, isUrl ? place : undefined);
  const name =
    proposal.title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "own";
  return { name, text: proposalText(proposal) };
}

async function download(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    return parse(await answer.text());
  } catch (error) {
    throw new CommandError(`${url} cannot be read: ${messageOf(error)}. Download it, and give its file.`, "usage");
  }
}
