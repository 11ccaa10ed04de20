import { describe, expect, test } from "bun:test";
import { exportsOfFolder } from "../../../folder-exports.fixture.ts";
import { metricsOf } from "../verify/selectors.ts";
import { DASHBOARDS } from "./all.ts";
import { draw, uidOf } from "./draw.ts";
import { layOut } from "./layout.ts";
import type { Dashboard, Panel } from "./panels.ts";

const panelsOf = (dashboard: Dashboard): readonly Panel[] => Object.values(dashboard.sections).flat();
const ALL_PANELS = DASHBOARDS.flatMap((dashboard) =>
  panelsOf(dashboard).map((panel) => [`${dashboard.name} > ${panel.title}`, panel] as const),
);

test("every dashboard in this folder is in all.ts", async () => {
  const listed = new Set<unknown>(DASHBOARDS.map(({ sections }) => sections));
  const found = (await exportsOfFolder(import.meta.dir, ["all.ts"])).flatMap(({ label, value }) =>
    typeof value === "object" && value !== null && "sections" in value ? [{ label, sections: value.sections }] : [],
  );
  expect(found.length).toBeGreaterThanOrEqual(listed.size);
  expect(found.filter(({ sections }) => !listed.has(sections)).map(({ label }) => label)).toEqual([]);
});

test("every dashboard has its own address, short enough for Grafana", () => {
  const uids = DASHBOARDS.map(({ name }) => uidOf(name));
  expect(new Set(uids).size).toBe(uids.length);
  expect(uids.filter((uid) => uid.length > 40)).toEqual([]);
});

describe("every panel", () => {
  test.each(ALL_PANELS)("%s has queries, and each reads a metric (monitoring/src/dashboards/)", (_, { queries }) => {
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter(({ expr }) => metricsOf(expr).length === 0)).toEqual([]);
  });

  test.each(ALL_PANELS)("%s explains itself in sentences", (_, { title, description }) => {
    expect(title).toMatch(/^[\w(]/);
    expect(description).toMatch(/[.]$/);
  });

  test.each(ALL_PANELS)("%s names only labels of its results in the legend", (_, { queries }) => {
    for (const { expr, legend } of queries) {
      const kept = /^(?:sum|avg|max|min) by \((.*?)\)|^histogram_quantile\(.*? by \((.*?)\)/.exec(expr);
      const labels = kept === null ? undefined : (kept[1] ?? kept[2])?.split(/, */);
      const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      if (labels !== undefined) expect(named.filter((label) => label && !labels.includes(label))).toEqual([]);
    }
  });
});

test.each(DASHBOARDS.map((dashboard) => [dashboard.name, dashboard] as const))(
  "%s: no two panels have the same title, and every variable is used",
  (_, dashboard) => {
    const panels = panelsOf(dashboard);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const used = JSON.stringify([panels, dashboard.variables.map(({ of }) => of)]);
    expect(dashboard.variables.filter(({ name }) => !used.includes(`$${name}`))).toEqual([]);
  },
);

test.each(DASHBOARDS.map((dashboard) => [dashboard.name, dashboard] as const))(
  "%s: panels do not overlap",
  (_, dashboard) => {
    const places = layOut(dashboard.sections).map(({ position }) => position);
    for (const [index, one] of places.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      const overlapping = places
        .slice(index + 1)
        .filter((other) => one.x < other.x + other.w && other.x < one.x + one.w)
        .filter((other) => one.y < other.y + other.h && other.y < one.y + one.h);
      expect(overlapping).toEqual([]);
    }
  },
);

test("Grafana's JSON has the panels where they were laid out, with ids in reading order", () => {
  for (const dashboard of DASHBOARDS) {
    const drawn = (draw(dashboard).panels ?? []).map(({ id, gridPos }) => ({ id, gridPos: { ...gridPos } }));
    expect(drawn).toEqual(
      layOut(dashboard.sections).map(({ id, position }) => ({ id, gridPos: position })) as unknown as typeof drawn,
    );
  }
});

test("what must not shrink is red at the bottom, what must not grow is red at the top", () => {
  const members = DASHBOARDS.flatMap(panelsOf).find(({ title }) => title === "Members that have a leader");
  const memory = DASHBOARDS.flatMap(panelsOf).find(({ title }) => title === "Memory in use");
  expect(stepsOf(members)).toEqual([
    { value: null, color: "red" },
    { value: 2, color: "orange" },
    { value: 3, color: "green" },
  ]);
  expect(stepsOf(memory)).toEqual([
    { value: null, color: "green" },
    { value: 0.75, color: "orange" },
    { value: 0.95, color: "red" },
  ]);
});

function stepsOf(panel: Panel | undefined): unknown {
  if (panel === undefined) return undefined;
  const dashboard: Dashboard = {
    name: "x",
    title: "x",
    description: "x",
    variables: [],
    sections: { x: [panel] },
  };
  const drawn = draw(dashboard).panels?.find(({ type }) => type !== "row");
  return drawn !== undefined && "fieldConfig" in drawn ? drawn.fieldConfig?.defaults.thresholds?.steps : undefined;
}
