import { type Prometheus, PrometheusError, type Sample } from "@goldenring/stand";
import { expectationFor } from "./expectations.ts";
import { type Known, misreading } from "./meaning.ts";
import type { Question } from "./questions.ts";
import { formatSelector, type Selector, selectorsOf } from "./selectors.ts";
import { suggestion } from "./suggestions.ts";

export interface Finding {
  /** `dashboard > panel`, or `rule file > rule`. */
  readonly source: string;
  readonly expr: string;
  readonly verdict: "data" | "empty" | "error" | "declared empty";
  readonly reason?: string;
}

type Judgement = Pick<Finding, "verdict" | "reason">;

/**
 * Judges expressions by the answers of a live Prometheus. Answers about selectors are cached: many expressions share them.
 * An expression is fine when Prometheus accepts it, every selector in it has data or is declared empty, and the whole has a result if it
 * should have one.
 *
 * @returns a function that throws a `PrometheusError` when Prometheus does not answer
 */
export function judgeBy(prometheus: Prometheus, known: Known) {
  const asked = new Map<string, Promise<boolean>>();
  const hasData = (selector: string): Promise<boolean> => {
    const answer = asked.get(selector) ?? prometheus.query(`count(${selector})`).then(({ length }) => length > 0);
    asked.set(selector, answer);
    return answer;
  };
  const withoutData = async (expr: string): Promise<readonly Selector[]> => {
    const selectors = new Map(selectorsOf(expr).map((selector) => [formatSelector(selector), selector]));
    const without: Selector[] = [];
    for (const [text, selector] of selectors) if (!(await hasData(text))) without.push(selector);
    return without;
  };
  const absence = (selector: Selector): string => {
    const { metric } = selector;
    if (metric === undefined || known.names.includes(metric)) return `no series matches ${formatSelector(selector)}`;
    return `there is no metric ${metric}: ${suggestion(metric, known.names)}`;
  };
  const judgementOn = async ({ expr, hasResult, claim }: Question): Promise<Judgement> => {
    const answer = await prometheus.query(expr).catch(refusal);
    if (answer instanceof PrometheusError) return { verdict: "error", reason: answer.message };

    const without = await withoutData(expr);
    const undeclared = without.filter((selector) => expectationFor(selector)?.isThere ?? true);
    if (undeclared.length > 0) return { verdict: "empty", reason: undeclared.map(absence).join("; ") };
    const misread = claim === undefined ? undefined : misreading(claim, known);
    if (misread !== undefined) return { verdict: "error", reason: misread };

    const isMissing = hasResult && !hasNumbers(answer);
    const reasons = reasonsFor(isNothingButNaN(answer) ? selectorsOf(expr) : without);
    if (reasons !== "" && (isMissing || !hasResult)) return { verdict: "declared empty", reason: reasons };
    return isMissing ? { verdict: "empty", reason: lackOf(answer) } : { verdict: "data" };
  };
  return async (question: Question): Promise<Finding> => {
    const { source, expr } = question;
    return { source, expr, ...(await judgementOn(question)) };
  };
}

/** Of the expression, by Prometheus. @throws when it does not answer */
function refusal(error: unknown): PrometheusError {
  if (error instanceof PrometheusError && error.kind === "refused") return error;
  throw error;
}

function hasNumbers(samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => !Number.isNaN(value));
}

/** Quantiles of nothing, and 0/0: something was counted once, but not lately. Graphs leave NaN out. */
function isNothingButNaN(samples: readonly Sample[]): boolean {
  return samples.length > 0 && !hasNumbers(samples);
}

function reasonsFor(selectors: readonly Selector[]): string {
  const reasons = selectors.map((selector) => expectationFor(selector)?.why).filter((why) => why !== undefined);
  return [...new Set(reasons)].join("; ");
}

function lackOf(samples: readonly Sample[]): string {
  return isNothingButNaN(samples)
    ? "every value of the result is NaN"
    : "each metric in it has data, but the result is empty: labels that don't match, a comparison, or too few scrapes for a rate so far";
}
