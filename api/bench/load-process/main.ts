/**
 * The load process: reads a plan as JSON from standard input up to its end, does it, writes the result as JSON to standard output.
 * A separate process, so that neither the bench nor the measured server shares its event loop.
 */
import { text } from "node:stream/consumers";
import type { LoadPlan } from "./plan.ts";
import { runLoad } from "./run-load.ts";

const plan: LoadPlan = JSON.parse(await text(process.stdin));
process.stdout.write(`${JSON.stringify(await runLoad(plan))}\n`);
