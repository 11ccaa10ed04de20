import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Figure, isTimeline } from "./chart.ts";
import { type Content, html, jsonForScript, Markup } from "./html.ts";

export interface ChartGroup {
  readonly title: string;
  readonly charts: readonly Figure[];
}

export interface PageContent {
  readonly title: string;
  readonly header: Content;
  /** Sections; the charts follow them. */
  readonly main: Content;
  readonly charts: readonly Figure[];
  readonly more?: readonly ChartGroup[];
  /** What a reader without JavaScript can look at instead of the charts. */
  readonly withoutCharts: string;
  readonly rest?: Content;
}

/**
 * A whole page in one file. Its content security policy allows exactly its own script and style sheet, by their hashes, and no
 * request to anywhere.
 */
export async function page(content: PageContent): Promise<string> {
  const { title, header, main, charts, more = [], rest } = content;
  const [script, styles] = await Promise.all([chartScript(), styleSheet()]);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(styles)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(styles)}</style>
</head>
<body>
<header>
${header}
</header>
<main>
${main}
${chartSection(content)}
${rest}
</main>
<script type="application/json" id="charts-data">${jsonForScript([...charts, ...more.flatMap((group) => group.charts)])}</script>
<script>${new Markup(script)}</script>
</body>
</html>
`.text;
}

function chartSection({ charts, more = [], withoutCharts }: PageContent): Content {
  if (charts.length === 0) return undefined;
  return html`<section aria-labelledby="curves">
<h2 id="curves">Curves</h2>
<p class="small">Point at a curve, or move along it with the arrow keys, for its values. Drag over a part to enlarge it; a double click
shows all again. A name in a legend hides its line and brings it back.</p>
<noscript><p class="notice">The curves need JavaScript. ${withoutCharts}</p></noscript>
${charts.map(chartFigure)}
${more.map(chartGroup)}
</section>`;
}

function chartGroup({ title, charts }: ChartGroup): Markup {
  return html`<details class="group"><summary>${title}</summary>${charts.map(chartFigure)}</details>
`;
}

function chartFigure(figure: Figure): Markup {
  const { id, title, about } = figure;
  return html`<figure id="chart-${id}">
<figcaption><h3>${title}${unitOf(figure)}</h3><p>${about}</p></figcaption>
<div class="plot${isTimeline(figure) && " timeline"}" role="slider" tabindex="0" aria-label="${title}" aria-valuenow="1" aria-valuemin="1" aria-valuemax="1"></div>
<ul class="legend"></ul>
<details><summary>${title} as a table</summary><div class="table-frame" role="region" aria-label="${title}, all values" tabindex="0"></div></details>
</figure>
`;
}

function unitOf(figure: Figure): Content {
  if (isTimeline(figure)) return undefined;
  const { unit } = figure.y;
  return unit !== "" && unit !== "/s" && `, ${unit}`;
}

function hashOf(content: string): string {
  return `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
}

/**
 * The script of the pages in one file, uPlot included. It is made when a page is written, in some 50 ms: a stored copy could be an
 * old one. Like ring itself this needs Bun, which has the bundler.
 */
export async function chartScript(): Promise<string> {
  const entry = fileURLToPath(new URL("../browser/main.ts", import.meta.url));
  const built = await Bun.build({ entrypoints: [entry], target: "browser", minify: true, format: "iife" });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`Nothing was built from ${entry}`);
  // In a script element this would be the end of it.
  const script = (await output.text()).replaceAll("</script", "<\\/script");
  return `${await licenceNote()}\n${script}`;
}

/** uPlot's own rules first, so that the page's outweigh them. */
export async function styleSheet(): Promise<string> {
  const [plot, page] = await Promise.all([
    readFile(fileURLToPath(import.meta.resolve("uplot/dist/uPlot.min.css")), "utf8"),
    readFile(new URL("./page.css", import.meta.url), "utf8"),
  ]);
  return `${plot}\n${page}`;
}

/** uPlot's licence wants to stay with every copy of it. */
async function licenceNote(): Promise<string> {
  const licence = await readFile(fileURLToPath(new URL("LICENSE", import.meta.resolve("uplot/package.json"))), "utf8");
  return `/*! With uPlot:\n${licence.trim()}\n*/`;
}
