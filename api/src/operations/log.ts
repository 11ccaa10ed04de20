import pino from "pino";
import type { LogLevel } from "../config.ts";

export type Log = pino.Logger;

/** JSON lines on standard output. Nothing that is logged holds a body, a header's value or a connection string. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  );
}
