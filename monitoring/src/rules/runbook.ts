/** The folder of the runbooks, from the root of the repository: a page for each part of the stand. */
const RUNBOOKS = "docs/runbooks";

/** Where to read on about an alert: the annotation `runbook`. A section is headed by the alert's name. */
export function runbookOf(page: string, alert: string): string {
  return `${RUNBOOKS}/${page}.md#${alert.toLowerCase()}`;
}
