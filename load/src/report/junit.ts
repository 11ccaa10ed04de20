import { attributes, escapeXml } from "@goldenring/run-kit";
import type { RunRecord } from "../record/record.ts";
import { inWords } from "../record/verdict.ts";
import { cameToItsEnd, commitInWords, endInWords, objectiveInWords } from "./words.ts";

/** A run as JUnit XML, for CI: one test case for each objective, and one for the run having come to its end. */
export function junitXml(record: RunRecord): string {
  const seconds = ((Date.parse(record.end) - Date.parse(record.start)) / 1000).toFixed(3);
  const name = `load.${record.scenario}`;
  const failed = record.verdict.filter(({ isHeld }) => !isHeld);
  const errors = cameToItsEnd(record) ? 0 : 1;
  const counts = { tests: record.verdict.length + 1, failures: failed.length, errors, time: seconds };
  const properties = {
    run: record.id,
    commit: commitInWords(record),
    target: record.target.url,
    k6: record.k6,
    users: record.figures.maxUsers,
    "requests-per-second": record.figures.rate.toFixed(1),
  };
  const cases = record.verdict.map((verdict) =>
    testCase(
      name,
      objectiveInWords(verdict),
      verdict.isHeld ? "" : `<failure${attributes({ message: inWords(verdict), type: "objective" })}/>`,
    ),
  );
  const end = testCase(
    name,
    "The run comes to its end",
    errors === 0
      ? ""
      : `<error${attributes({ message: endInWords(record), type: record.endedBy })}>${escapeXml(record.notes.join("\n"))}</error>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "load", ...counts })}>`,
    `<testsuite${attributes({ name, ...counts, timestamp: record.start })}>`,
    "<properties>",
    ...Object.entries(properties).map(([key, value]) => `<property${attributes({ name: key, value })}/>`),
    "</properties>",
    ...cases,
    end,
    "</testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(classname: string, name: string, content: string): string {
  const opening = `<testcase${attributes({ classname, name })}`;
  return content === "" ? `${opening}/>` : `${opening}>${content}</testcase>`;
}
