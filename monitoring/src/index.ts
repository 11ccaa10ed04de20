/** Alert rules and dashboards, the proof that they find their data, and the lab's receiver of alerts. */
export { alertLogIn, lastHeartbeat, type ReceivedAlert, readAlertLog, receivedSince } from "./receiver/alert-log.ts";
export { type ReceiverReport, receiverFirewall, receiverProgram, receiverReport } from "./receiver/receiver.ts";
export { readRules } from "./rules/read-rules.ts";
export type { Finding } from "./verify/judge.ts";
export { type Verification, verifyQueries } from "./verify/verify.ts";
