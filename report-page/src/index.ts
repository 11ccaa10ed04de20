/** Reports as one HTML file each: markup that escapes, tables, charts drawn by a script that the page brings along; and JUnit XML. */
export {
  type Axis,
  type Band,
  type Chart,
  type ChartUnit,
  type Figure,
  isTimeline,
  type Lane,
  type Line,
  type Span,
  type Timeline,
  type Tone,
} from "./chart.ts";
export { type Content, html, type Markup } from "./html.ts";
export { junitXml, type Outcome, type TestCase, type TestSuite } from "./junit.ts";
export { duration, moment, shown } from "./numbers.ts";
export { type ChartGroup, type PageContent, page } from "./page.ts";
export { factTable, table } from "./table.ts";
export { writeWhole } from "./write-whole.ts";
export { attributes, escapeXml } from "./xml.ts";
