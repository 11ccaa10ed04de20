/** What every run has in common: command line, exit codes, interruption, progress; the folder and record of a run; pages, charts and JUnit XML. */

export { type CommandContext, interruptedExit, runCommandLine } from "./command/command-line.ts";
export { CommandError, EXIT, EXIT_MEANINGS, type ExitName, exitCodeHelp } from "./command/exit.ts";
export { askYes, columns, type Output, print, printError, terminalOutput } from "./command/output.ts";
export { type Progress, startProgress } from "./command/progress.ts";
export { addRunCommands, type RunDeps, type RunKind, writeComparison } from "./command/run-commands.ts";
export { junitXml, type Outcome, type TestCase, type TestSuite } from "./junit.ts";
export * from "./page/chart.ts";
export { changeMark, comparisonPage, letterOf, type SetUpFact, setUpDifferences } from "./page/comparison-page.ts";
export {
  type Column,
  type Content,
  factTable,
  fileList,
  html,
  marked,
  numbers,
  section,
  table,
  tableSection,
} from "./page/html.ts";
export { escapeMarkdown, markdownTable, resultsPage } from "./page/markdown.ts";
export * from "./page/numbers.ts";
export { page } from "./page/page.ts";
export * from "./record/provenance.ts";
export { type ResultsFile, writeResults } from "./record/results.ts";
export { listRuns, makeRunFolder, readRunFile, writeRunFile } from "./record/run-folder.ts";
export { oneLine, visible } from "./visible.ts";
