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
 */
export class Judge {
  readonly #hasData = new Map<string, Promise<boolean>>();

  constructor(
    private readonly prometheus: Prometheus,
    private readonly known: Known,
  ) {}

  /** @throws {PrometheusError} when Prometheus does not answer */
  async judge(question: Question): Promise<Finding> {
    return { source: question.source, expr: question.expr, ...(await this.#judgementOn(question)) };
  }

  async #judgementOn({ expr, hasResult, claim }: Question): Promise<Judgement> {
    const answer = await this.#ask(expr);
    if (answer instanceof PrometheusError) return { verdict: "error", reason: answer.message };

    const without = await this.#withoutData(expr);
    const undeclared = without.filter((selector) => expectationFor(selector)?.isThere ?? true);
    if (undeclared.length > 0) {
      return { verdict: "empty", reason: undeclared.map((selector) => this.#absence(selector)).join("; ") };
    }
    const misread = claim === undefined ? undefined : misreading(claim, this.known);
    if (misread !== undefined) return { verdict: "error", reason: misread };

    const isMissing = hasResult && !hasNumbers(answer);
    const reasons = reasonsFor(isNothingButNaN(answer) ? selectorsOf(expr) : without);
    if (reasons !== "" && (isMissing || !hasResult)) return { verdict: "declared empty", reason: reasons };
    return isMissing ? { verdict: "empty", reason: lackOf(answer) } : { verdict: "data" };
  }

  /** @returns Prometheus' refusal of the expression. @throws when Prometheus does not answer */
  async #ask(expr: string): Promise<readonly Sample[] | PrometheusError> {
    try {
      return await this.prometheus.query(expr);
    } catch (error) {
      if (error instanceof PrometheusError && error.kind === "refused") return error;
      throw error;
    }
  }

  async #withoutData(expr: string): Promise<readonly Selector[]> {
    const selectors = new Map(selectorsOf(expr).map((selector) => [formatSelector(selector), selector]));
    const without: Selector[] = [];
    for (const [text, selector] of selectors) {
      if (!(await this.#selectorHasData(text))) without.push(selector);
    }
    return without;
  }

  #selectorHasData(selector: string): Promise<boolean> {
    const answer =
      this.#hasData.get(selector) ?? this.prometheus.query(`count(${selector})`).then(({ length }) => length > 0);
    this.#hasData.set(selector, answer);
    return answer;
  }

  #absence(selector: Selector): string {
    const { metric } = selector;
    if (metric === undefined || this.known.names.includes(metric))
      return `no series matches ${formatSelector(selector)}`;
    return `there is no metric ${metric}: ${suggestion(metric, this.known.names)}`;
  }
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
