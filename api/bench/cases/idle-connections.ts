import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { BenchCase } from "../bench.ts";
import { each } from "../contest.ts";
import { baseData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { citiesLoad } from "../loads/cities.ts";
import { measure } from "../measure.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings } from "./weather-findings.ts";

const CONNECTIONS = 10_000;
/** At a time, so that none waits in the kernel for longer than a client would. */
const OPENED_AT_ONCE = 100;
const BUSY_CONNECTIONS = 128;
const REQUESTS_PER_SECOND = 400;
const SETTLE_MS = 3_000;
const ANSWER_DEADLINE_MS = 20_000;

export const idleConnections: BenchCase = {
  name: "idle",
  about:
    "10,000 idle keep-alive connections, each of which has had an answer, beside GET /Cities at 400 requests/s on 128 others; " +
    "then each idle one asks again.",
  run: (bench) =>
    withReplica(bench, baseData, async ({ program }) => {
      const load = citiesLoad({ connections: BUSY_CONNECTIONS, rate: REQUESTS_PER_SECOND });
      const before = await measure(bench, program, load, bench.options);
      const idle = Array.from({ length: CONNECTIONS }, () => new IdleConnection(program.port));
      const closeAll = bench.undo.add(() => {
        for (const connection of idle) connection.close();
      });
      const askAll = async (): Promise<number> => {
        let answered = 0;
        for (let at = 0; at < idle.length; at += OPENED_AT_ONCE) {
          const answers = await Promise.all(idle.slice(at, at + OPENED_AT_ONCE).map((connection) => connection.ask()));
          answered += answers.filter(Boolean).length;
        }
        return answered;
      };
      try {
        bench.log(`${await askAll()} connections are open`);
        // Opening them has used up the CPU limit for a moment.
        await delay(SETTLE_MS);
        const meanwhile = await measure(bench, program, load, bench.options);
        const again = await askAll();
        if (again !== CONNECTIONS) bench.fail(`${CONNECTIONS - again} idle connections got no second answer`);
        return [
          {
            what: "GET /Cities at 400 requests/s beside 10,000 idle connections, p95",
            unit: "ms",
            values: [meanwhile.latencyMs.p95],
          },
          { what: "the same without them, p95", unit: "ms", values: [before.latencyMs.p95] },
          { what: "CPU per request beside 10,000 idle connections", unit: "us", values: [meanwhile.cpuMicros] },
          { what: "the same without them, CPU per request", unit: "us", values: [before.cpuMicros] },
          {
            what: "without idle connections, highest memory charged",
            unit: "MiB",
            values: each([before], ({ chargedPeakMiB }) => chargedPeakMiB),
          },
          ...memoryFindings("with 10,000 idle connections", [meanwhile], replicaLimits.memoryMiB),
        ];
      } finally {
        await closeAll();
      }
    }),
};

/** Sends a request when asked to, and reads nothing but whether an answer came. */
class IdleConnection {
  readonly #socket: Socket;
  #onAnswer: (isOk: boolean) => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("data", (bytes: Buffer) => this.#onAnswer(bytes.toString("latin1").startsWith("HTTP/1.1 200 ")));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#onAnswer(false));
  }

  ask(): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => {
      this.#onAnswer = resolve;
    });
    this.#socket.write("GET /Cities HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return Promise.race([answer, delay(ANSWER_DEADLINE_MS, false)]);
  }

  close(): void {
    this.#socket.destroy();
  }
}
