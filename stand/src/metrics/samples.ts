import * as z from "zod";

export const Labels = z.record(z.string(), z.string());
export type Labels = Readonly<z.output<typeof Labels>>;

/** One value of one series. */
export interface Sample {
  readonly labels: Labels;
  /** May be NaN or infinite. */
  readonly value: number;
  /** Seconds since 1970, with a fraction, as Prometheus counts. */
  readonly time: number;
}

/** The values of one series over a time. */
export interface Series {
  readonly labels: Labels;
  readonly values: readonly { readonly value: number; readonly time: number }[];
}

const point = z.tuple([z.number(), z.string().transform(parseValue)]);

/** What a query answers: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats */
export const QueryResult = z
  .discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ metric: Labels, value: point })) }),
    z.object({ resultType: z.literal("scalar"), result: point }),
    z.object({
      resultType: z.literal("matrix"),
      result: z.array(z.object({ metric: Labels, values: z.array(point) })),
    }),
    z.object({ resultType: z.literal("string"), result: z.tuple([z.number(), z.string()]) }),
  ])
  .transform((answer, context): readonly Sample[] => {
    if (answer.resultType === "vector") return answer.result.map(({ metric, value }) => sampleOf(metric, value));
    if (answer.resultType === "scalar") return [sampleOf({}, answer.result)];
    if (answer.resultType === "matrix") {
      return answer.result.flatMap(({ metric, values }) => values.map((value) => sampleOf(metric, value)));
    }
    context.addIssue("a text has no samples");
    return z.NEVER;
  });

export const RangeResult = z
  .object({ resultType: z.literal("matrix"), result: z.array(z.object({ metric: Labels, values: z.array(point) })) })
  .transform(({ result }): readonly Series[] =>
    result.map(({ metric, values }) => ({
      labels: metric,
      values: values.map(([time, value]) => ({ time, value })),
    })),
  );

function sampleOf(labels: Labels, [time, value]: readonly [number, number]): Sample {
  return { labels, value, time };
}

/** A number as Go writes it. */
export function parseValue(text: string, context?: z.RefinementCtx): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  context?.addIssue(`"${text}" is no number`);
  return z.NEVER;
}
