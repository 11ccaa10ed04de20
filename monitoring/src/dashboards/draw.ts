import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as sdk from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { layOut, type Placed } from "./layout.ts";
import { ANNOTATIONS, type Dashboard, type Panel, type State, UNITS, type Variable } from "./panels.ts";

/** All dashboards have it, so that they link to each other. */
const TAG = "goldenring";
const DATA_SOURCE = { type: "prometheus", uid: `\${datasource}` } as const;

const MOODS: Readonly<Record<State["mood"], string>> = { good: "green", bad: "red", neutral: "blue" };
const SEVERITIES = [
  ["warning", "orange"],
  ["critical", "red"],
] as const;

/** The dashboard as Grafana takes it in. The same input gives the same output. */
export function draw(dashboard: Dashboard): sdk.Dashboard {
  const builder = new sdk.DashboardBuilder(dashboard.title)
    .uid(uidOf(dashboard.name))
    .description(dashboard.description)
    .tags([TAG])
    .readonly()
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("10s")
    .link(otherDashboards())
    .annotations(ANNOTATIONS.map(annotation))
    .variables([dataSource(), ...dashboard.variables.map(variable)]);
  for (const placed of layOut(dashboard.sections)) {
    if (placed.kind === "panel") builder.withPanel(panel(placed, dashboard.name));
    else builder.withRow(new sdk.RowBuilder(placed.title).id(placed.id).gridPos(placed.position));
  }
  return builder.build();
}

export function uidOf(name: string): string {
  return `${TAG}-${name}`;
}

function dataSource(): Builder<sdk.VariableModel> {
  const builder = new sdk.DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus");
  return builder.current({ text: "Prometheus", value: "prometheus" });
}

function variable({ name, title, label, of }: Variable): Builder<sdk.VariableModel> {
  return new sdk.QueryVariableBuilder(name)
    .label(title)
    .datasource(DATA_SOURCE)
    .query({ query: `label_values(${of}, ${label})`, refId: name })
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: ["All"], value: ["$__all"] });
}

/** The choice of machines and of the time goes along. */
function otherDashboards(): Builder<sdk.DashboardLink> {
  const builder = new sdk.DashboardLinkBuilder("Goldenring").type(sdk.DashboardLinkType.Dashboards).tags([TAG]);
  return shown(builder.asDropdown(true).includeVars(true).keepTime(true));
}

function annotation({ title, expr, color, heading, text, isAtValue }: (typeof ANNOTATIONS)[number]) {
  const builder = new sdk.AnnotationQueryBuilder().name(title).datasource(DATA_SOURCE).enable(true).iconColor(color);
  builder.expr(expr).titleFormat(heading).textFormat(text).step("10s");
  return shown(isAtValue ? builder.useValueForTime(true) : builder);
}

/** Without this, the library puts these into a menu of Grafana 12 that hides them. */
function shown<Built extends { placement?: unknown }>(builder: Builder<Built>): Builder<Built> {
  return {
    build: () => {
      const built = builder.build();
      delete built.placement;
      return built;
    },
  };
}

function panel({ id, position, panel: drawn }: Extract<Placed, { kind: "panel" }>, dashboard: string) {
  const builder = { number: largeNumbers, states: bars, lines: graph }
    [drawn.look](drawn)
    .id(id)
    .title(drawn.title)
    .description(drawn.description)
    .datasource(DATA_SOURCE)
    .gridPos(position)
    .unit(UNITS[drawn.unit])
    .thresholds(thresholds(drawn));
  if (drawn.states !== undefined) builder.mappings([mapping(drawn.states)]);
  if (drawn.decimals !== undefined) builder.decimals(drawn.decimals);
  if (drawn.mayBeNegative !== true) builder.min(0);
  if (drawn.max !== undefined) builder.max(drawn.max);
  if (dashboard !== "nodes" && drawn.queries.some(({ legend }) => legend.includes("{{machine}}"))) {
    builder.dataLinks([toMachine()]);
  }
  for (const [index, { expr, legend }] of drawn.queries.entries()) {
    const query = new prometheus.DataqueryBuilder().refId(String.fromCharCode("A".charCodeAt(0) + index));
    query.datasource(DATA_SOURCE).editorMode(prometheus.QueryEditorMode.Code).range().expr(expr).legendFormat(legend);
    builder.withTarget(query);
  }
  return builder;
}

function graph({ isStacked = false, limits, minimums }: Panel) {
  const builder = new timeseries.PanelBuilder()
    .legend(legend(["lastNotNull", "max"]))
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(isStacked ? 40 : 8)
    .showPoints(common.VisibilityMode.Never);
  const stacking = isStacked ? common.StackingMode.Normal : common.StackingMode.None;
  builder.stacking(new common.StackingConfigBuilder().mode(stacking));
  const hasLimits = limits !== undefined || minimums !== undefined;
  const mode = hasLimits ? common.GraphThresholdsStyleMode.Dashed : common.GraphThresholdsStyleMode.Off;
  return builder.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(mode));
}

function largeNumbers() {
  return new stat.PanelBuilder()
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.Auto)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false));
}

function bars() {
  return new statetimeline.PanelBuilder()
    .legend(legend([]).showLegend(false))
    .tooltip(tooltip())
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .lineWidth(0)
    .fillOpacity(75);
}

function legend(calcs: string[]) {
  return new common.VizLegendOptionsBuilder()
    .displayMode(calcs.length > 0 ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(calcs);
}

function tooltip() {
  return new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);
}

/** Grafana colours from a value upwards: minimums begin with the worst colour. */
function thresholds({ limits = {}, minimums }: Panel): Builder<sdk.ThresholdsConfig> {
  const colored = SEVERITIES.map(([severity, color]) => ({ value: (minimums ?? limits)[severity] ?? null, color }));
  const upwards = colored
    .filter(({ value }) => value !== null)
    .toSorted((one, other) => Number(one.value) - Number(other.value));
  const colors = upwards.map(({ color }) => color);
  const values = [null, ...upwards.map(({ value }) => value)];
  const steps = minimums ? [...colors, "green"] : ["green", ...colors];
  return new sdk.ThresholdsConfigBuilder()
    .mode(sdk.ThresholdsMode.Absolute)
    .steps(steps.map((color, at) => ({ color, value: values[at] ?? null })));
}

function mapping(meanings: readonly State[]): sdk.ValueMap {
  const options = meanings.map(({ text, mood }, index) => [String(index), { text, color: MOODS[mood], index }]);
  return { type: sdk.MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** From a line to the machine that it is about. */
function toMachine(): Builder<sdk.DashboardLink> {
  const url = `/d/${uidOf("nodes")}?var-machine=\${__field.labels.machine}&\${__url_time_range}`;
  return new sdk.DashboardLinkBuilder(`The machine \${__field.labels.machine}`).url(url);
}
