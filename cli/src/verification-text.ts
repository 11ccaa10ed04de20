import type { Finding, Verification } from "@goldenring/monitoring";

/** The failed queries by name, and the count of all. */
export function verificationText({ findings, checked, failed }: Verification): string {
  const declared = findings.filter(({ verdict }) => verdict === "declared empty").length;
  const rightly = declared === 0 ? "" : `, ${declared} of them rightly empty on a healthy stand`;
  const counts =
    failed.length === 0
      ? `${checked} queries checked${rightly}: every one has its data`
      : `${checked} queries checked${rightly}: ${failed.length} failed`;
  return [...failed.flatMap(failureLines), counts].join("\n");
}

function failureLines({ source, expr, verdict, reason }: Finding): string[] {
  const why = verdict === "empty" ? "returns nothing" : verdict;
  return [`${source}: ${why}${reason === undefined ? "" : `: ${reason}`}`, `  ${expr.trim().replaceAll("\n", "\n  ")}`];
}
