/** What every run has in common: command line, exit codes, interruption, progress; the folder and record of a run; pages, charts and JUnit XML. */

export { type CommandContext, runCommandLine } from "./command/command-line.ts";
export { CommandError, EXIT, EXIT_MEANINGS, type ExitName, exitCodeHelp } from "./command/exit.ts";
export { type Interruption, interruptedExit, onInterruption } from "./command/interruption.ts";
export { type Output, redrawLine, type Screen, TerminalOutput } from "./command/output.ts";
export { junitXml, type Outcome, type TestCase, type TestSuite } from "./junit.ts";
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
} from "./page/chart.ts";
export { type Content, html, type Markup } from "./page/html.ts";
export { duration, moment, shown } from "./page/numbers.ts";
export { type ChartGroup, type PageContent, page } from "./page/page.ts";
export { factTable, table } from "./page/table.ts";
export { attributes, escapeXml } from "./page/xml.ts";
export { CHECKOUT, Provenance, provenance, runsFolder } from "./record/provenance.ts";
export { folderOfRun, listRuns, makeRunFolder, readRunFile, writeRunFile } from "./record/run-folder.ts";
export { median, type Spread, spreadOf } from "./statistics.ts";
