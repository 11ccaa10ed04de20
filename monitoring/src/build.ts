/** Writes the files that are generated from this room (`npm run dashboards`). Tests fail where the committed ones differ. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DASHBOARDS } from "./dashboards/all.ts";
import { draw } from "./dashboards/draw.ts";
import { chartRules } from "./rules/chart-rules.ts";
import { serviceLevelRules } from "./rules/service-level-rules.ts";

export const ROOM = fileURLToPath(new URL("..", import.meta.url));

export function generatedFiles(): readonly { readonly path: string; readonly text: string }[] {
  const dashboards = DASHBOARDS.map((dashboard) => ({
    path: `dashboards/${dashboard.name}.json`,
    text: `${JSON.stringify(draw(dashboard), null, 2)}\n`,
  }));
  return [
    { path: "rules/api.yml", text: serviceLevelRules() },
    { path: "../charts/goldenring/files/rules.yml", text: chartRules() },
    ...dashboards,
  ];
}

if (import.meta.main) {
  for (const { path, text } of generatedFiles()) {
    writeFileSync(join(ROOM, path), text);
    console.log(join("monitoring", path));
  }
}
