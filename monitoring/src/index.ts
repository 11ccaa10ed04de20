/** Alert rules and dashboards, the proof that they find their data, and the lab's receiver of alerts. */
export { alertLogIn, readAlertLog } from "./receiver/alert-log.ts";
export { lastHeartbeat, type ReceivedAlert, receivedSince } from "./receiver/received-alerts.ts";
export { type ReceiverReport, receiverFirewall, receiverProgram, receiverReport } from "./receiver/report.ts";
export { readRules } from "./rules/read-rules.ts";
export type { Finding } from "./verify/judge.ts";
export { type Verification, verifyQueries } from "./verify/verify.ts";
