/** `npm run image`: the API as a container image. */
import { join } from "node:path";
import { CommandError, print, runCommandLine } from "@goldenring/run-kit";
import { CHECKOUT } from "@goldenring/stand";
import { Command, Option } from "commander";
import { build, push } from "./build.ts";
import { ARCHITECTURES, type Architecture } from "./debian.ts";

interface Options {
  readonly arch: readonly Architecture[];
  readonly demo?: boolean;
  readonly tag?: string;
  readonly push?: string;
}

const OWN: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

await runCommandLine(() =>
  new Command("npm run image --")
    .description("Makes the API's container image from api/bundle, and writes it to image/dist.")
    .addOption(new Option("--arch <names...>", "of which processors").choices(ARCHITECTURES).default([OWN]))
    .option("--demo", "with the embedded PostgreSQL, which `--set demo.enabled=true` of the chart needs")
    .option("--tag <tag>", "instead of the version")
    .option("--push <repository>", "also push it, such as registry.example/weather, with skopeo")
    .exitOverride()
    .action(async ({ arch, demo = false, tag, push: repository }: Options) => {
      if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw new CommandError(`${tag} is no tag`, "usage");
      const places = { bundle: join(CHECKOUT, "api/bundle"), folder: join(CHECKOUT, "image/dist") };
      const built = await build({ architectures: arch, isDemo: demo, tag, ...places });
      print(`${built.name}\n  ${built.digest}\n  ${built.file.slice(CHECKOUT.length + 1)}\n`);
      if (repository !== undefined) print(`Pushed ${await push(built, repository)}\n`);
    }),
);
