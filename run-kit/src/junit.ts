import { attributes, escapeXml } from "./page/xml.ts";

export interface TestCase {
  readonly name: string;
  readonly outcome: Outcome;
}

/** failure: measured and not held; error: it could not be judged at all; skipped: not judged, and that is all right. */
export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "failure" | "error"; readonly message: string; readonly type: string; readonly details?: string }
  | { readonly kind: "skipped"; readonly message: string };

export interface TestSuite {
  /** Also the class name of its cases, by which CI groups them. */
  readonly name: string;
  /** ISO 8601. */
  readonly start: string;
  readonly seconds: number;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly cases: readonly TestCase[];
}

/** JUnit XML as CI systems read it. */
export function junitXml(name: string, suites: readonly TestSuite[]): string {
  const counts = countsOf(
    suites.flatMap(({ cases }) => cases),
    suites.reduce((sum, { seconds }) => sum + seconds, 0),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...counts })}>`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteLines({ name, start, seconds, properties, cases }: TestSuite): string[] {
  return [
    `<testsuite${attributes({ name, ...countsOf(cases, seconds), timestamp: start })}>`,
    "<properties>",
    ...Object.entries(properties).map(([key, value]) => `<property${attributes({ name: key, value })}/>`),
    "</properties>",
    ...cases.map((each) => caseLine(name, each)),
    "</testsuite>",
  ];
}

function countsOf(cases: readonly TestCase[], seconds: number): Record<string, string | number> {
  const count = (kind: Outcome["kind"]): number => cases.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    tests: cases.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds.toFixed(3),
  };
}

function caseLine(classname: string, { name, outcome }: TestCase): string {
  const opening = `<testcase${attributes({ classname, name })}`;
  if (outcome.kind === "passed") return `${opening}/>`;
  if (outcome.kind === "skipped") return `${opening}><skipped${attributes({ message: outcome.message })}/></testcase>`;
  const { kind, message, type, details = "" } = outcome;
  const why = `${kind}${attributes({ message, type })}`;
  return `${opening}>${details === "" ? `<${why}/>` : `<${why}>${escapeXml(details)}</${kind}>`}</testcase>`;
}
