import { plan } from "./run-plan.ts";

/** k6's own end-of-test figures go into the run's folder, and nothing to the terminal. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [plan.summaryFile]: `${JSON.stringify(data, null, 1)}\n` };
}
