/** The input and the result of the load process, each as one JSON text. */

export interface PlannedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadPlan {
  readonly port: number;
  /** Taken in turn, over and over, by all connections together. */
  readonly requests: readonly PlannedRequest[];
  readonly connections: number;
  /** Load of the same kind before the measured window, not counted in its figures. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /**
   * Requests per second. Given: open loop, requests start on schedule whatever the answers do, and a latency counts
   * from the scheduled start. Absent: closed loop, each connection sends its next request when it has its answer.
   */
  readonly rate?: number;
  /** How many answers are kept whole, spread over the window, to be checked after it. */
  readonly samples: number;
  readonly sampleDirectory: string;
}

export interface AnswerSample {
  /** Index into the plan's requests. */
  readonly request: number;
  readonly contentEncoding: string;
  readonly file: string;
}

export interface LoadResult {
  readonly seconds: number;
  /** Answers with status 200 that ended in the measured window. */
  readonly answers: number;
  /** All answers with status 200, also before and after the window. */
  readonly acknowledged: number;
  /** What was not a 200, by kind, also before and after the window. */
  readonly failures: Readonly<Record<string, number>>;
  /** Body bytes on the wire, without chunk frames: smallest and largest answer of the window. */
  readonly smallestBody: number;
  readonly largestBody: number;
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly samples: readonly AnswerSample[];
  /** CPU seconds the load process itself used per second of the window; near 1 it was the bottleneck. */
  readonly ownCpuShare: number;
}
