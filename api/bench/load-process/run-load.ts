import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer } from "./answer-reader.ts";
import { Connection } from "./connection.ts";
import { percentile } from "./percentile.ts";
import type { AnswerSample, LoadPlan, LoadResult, PlannedRequest } from "./plan.ts";

/** How long answers may still arrive after the window before they count as failures, in ms. */
const drainMs = 10_000;

/** Losing this many connections ends the run: nobody is listening any more. */
const lostConnectionsAllowed = 1000;

interface KeptBody {
  readonly request: number;
  readonly answer: Answer;
}

/** Runs a load plan. Rejects if the server is gone. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const wire = plan.requests.map((request) => wireBytes(request, plan.port));
    const failures: Record<string, number> = {};
    const latencies: number[] = [];
    const kept: KeptBody[] = [];
    const connections = new Set<Connection>();
    const idle: Connection[] = [];
    const firstDue = performance.now();
    const windowStart = firstDue + plan.warmUpSeconds * 1000;
    const windowEnd = windowStart + plan.seconds * 1000;
    /** Open loop: how many requests the schedule has. */
    const scheduled = Math.floor((plan.rate ?? 0) * (plan.warmUpSeconds + plan.seconds));
    let next = 0;
    let started = 0;
    let answers = 0;
    let acknowledged = 0;
    let smallestBody = Number.POSITIVE_INFINITY;
    let largestBody = 0;
    let lost = 0;
    let samplesAsked = 0;
    let cpuAtStart = process.cpuUsage();
    let cpuOfWindow = 0;
    const timers: ReturnType<typeof setTimeout>[] = [];

    const start = (connection: Connection, due: number) => {
      const index = next;
      next = (next + 1) % wire.length;
      const bytes = wire[index];
      if (bytes === undefined) return;
      const sampleDue = windowStart + (samplesAsked * plan.seconds * 1000) / plan.samples;
      const keepBody = samplesAsked < plan.samples && due >= sampleDue;
      if (keepBody) samplesAsked += 1;
      connection.send(bytes, index, due, keepBody);
    };

    /** Open loop: starts what is due by the clock on connections that are free; the rest stays due. */
    const startWhatIsDue = (rate: number) => {
      const now = performance.now();
      while (started < scheduled) {
        const due = firstDue + (started * 1000) / rate;
        if (due > now) return;
        // The one that was idle longest: users take turns, and a server closes a connection that never sends anything.
        const connection = idle.shift();
        if (connection === undefined) return;
        started += 1;
        start(connection, due);
      }
    };

    const goOn = (connection: Connection) => {
      if (plan.rate !== undefined) idle.push(connection);
      else if (performance.now() < windowEnd) start(connection, performance.now());
    };

    const onAnswer = (connection: Connection, answer: Answer) => {
      const now = performance.now();
      const counted = now >= windowStart && now < windowEnd;
      if (answer.status === 200) {
        acknowledged += 1;
        if (counted) {
          answers += 1;
          if (answer.bodyBytes < smallestBody) smallestBody = answer.bodyBytes;
          if (answer.bodyBytes > largestBody) largestBody = answer.bodyBytes;
        }
        const timed = plan.rate === undefined ? counted : connection.due >= windowStart;
        if (timed) latencies.push(now - connection.due);
        if (connection.keepsBody) kept.push({ request: connection.request, answer });
      } else {
        countFailure(`status ${answer.status}`);
      }
      goOn(connection);
    };

    const onLost = (connection: Connection, reason: string) => {
      connections.delete(connection);
      countFailure(reason);
      lost += 1;
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      if (lost > lostConnectionsAllowed) stop(new Error(`${lost} connections lost, last: ${reason}`));
      else if (performance.now() < windowEnd) open();
    };

    const open = () => {
      const connection = new Connection(plan.port, onAnswer, onLost);
      connections.add(connection);
      goOn(connection);
    };

    const countFailure = (kind: string) => {
      failures[kind] = (failures[kind] ?? 0) + 1;
    };

    const stop = (error?: Error) => {
      for (const timer of timers) clearTimeout(timer);
      for (const connection of connections) connection.close();
      if (error !== undefined) {
        reject(error);
        return;
      }
      latencies.sort((a, b) => a - b);
      resolve({
        seconds: plan.seconds,
        answers,
        acknowledged,
        failures,
        smallestBody: answers === 0 ? 0 : smallestBody,
        largestBody,
        latencyMs: {
          p50: percentile(latencies, 50),
          p90: percentile(latencies, 90),
          p95: percentile(latencies, 95),
          p99: percentile(latencies, 99),
          max: latencies.at(-1) ?? Number.NaN,
        },
        samples: kept.map((body, index) => writeSample(body, join(plan.sampleDirectory, `sample-${index}`))),
        ownCpuShare: cpuOfWindow / plan.seconds,
      });
    };

    /** After the window: waits for what is still due or on its way, then counts what is missing as failures. */
    const drain = () => {
      const unanswered = [...connections].filter((connection) => connection.busy).length;
      const unstarted = scheduled - started;
      if (unanswered + unstarted > 0 && performance.now() < windowEnd + drainMs) {
        timers.push(setTimeout(drain, 20));
        return;
      }
      if (unanswered > 0) failures["no answer"] = unanswered;
      if (unstarted > 0) failures["never started, all connections busy"] = unstarted;
      stop();
    };

    timers.push(
      setTimeout(() => {
        cpuAtStart = process.cpuUsage();
      }, plan.warmUpSeconds * 1000),
      setTimeout(
        () => {
          const used = process.cpuUsage(cpuAtStart);
          cpuOfWindow = (used.user + used.system) / 1e6;
          drain();
        },
        (plan.warmUpSeconds + plan.seconds) * 1000,
      ),
    );
    for (let count = 0; count < plan.connections; count += 1) open();
    const { rate } = plan;
    if (rate !== undefined) {
      timers.push(setInterval(() => startWhatIsDue(rate), 1));
    }
  });
}

function wireBytes(request: PlannedRequest, port: number): Buffer {
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
  for (const [name, value] of Object.entries(request.headers ?? {})) lines.push(`${name}: ${value}`);
  const body = Buffer.from(request.body ?? "");
  if (request.body !== undefined) lines.push("Content-Type: application/json", `Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]);
}

function writeSample(kept: KeptBody, file: string): AnswerSample {
  writeFileSync(file, Buffer.concat(kept.answer.body));
  const contentEncoding = /\r\ncontent-encoding: *(\S+)/.exec(kept.answer.head)?.[1] ?? "identity";
  return { request: kept.request, contentEncoding, file };
}
