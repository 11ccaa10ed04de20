import { DASHBOARDS } from "./all.ts";
import { draw } from "./draw.ts";

/** The files that Grafana takes in, as text. `path` begins at the folder `monitoring/`. */
export function buildDashboards(): readonly { readonly path: string; readonly text: string }[] {
  return DASHBOARDS.map((dashboard) => ({
    path: `dashboards/${dashboard.name}.json`,
    text: `${JSON.stringify(draw(dashboard), null, 2)}\n`,
  }));
}
