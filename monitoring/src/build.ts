import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboards } from "./dashboards/build-dashboards.ts";
import { buildRules } from "./rules/build-rules.ts";

/** Writes the files of this room that are made by programs. Tests fail where what is committed is something else. */
const ROOM = fileURLToPath(new URL("..", import.meta.url));

for (const { path, text } of [...buildRules(), ...buildDashboards()]) {
  const file = join(ROOM, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(`monitoring/${path}`);
}
