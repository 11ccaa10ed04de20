import { escapeText } from "./page/html.ts";

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

// What XML 1.0 cannot hold in any form: most control characters, halves of surrogate pairs, U+FFFE and U+FFFF.
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** For text and for values of attributes in quotes; what cannot be said in XML becomes U+FFFD. */
export function escapeXml(text: string): string {
  return escapeText(text.replace(NOT_IN_XML, "\ufffd")).replace(/[\n\r\t]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** With a space before each, for an opening tag. */
export function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}
