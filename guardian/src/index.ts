/** The guardian: acts on database machines that are off for certain, and on primaries and standbys that live and do not serve. */
export { openEtcd } from "./etcd.ts";
export { MODES, type Mode } from "./evidence.ts";
export { commandFence, type Fence } from "./fence.ts";
export { runGuardian } from "./guardian.ts";
export {
  type Entry,
  type GuardianReport,
  guardianReport,
  readRecording,
  recordedSince,
  recordingsIn,
} from "./journal.ts";
export { replay } from "./replay.ts";
