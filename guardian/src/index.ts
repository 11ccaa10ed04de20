/** The fencing agent: acts on machines that are off for certain, and on nothing else. */
export { commandFence, type Fence } from "./fence.ts";
export { runGuardian } from "./guardian.ts";
export { type Entry, type GuardianReport, guardianReport } from "./journal.ts";
