import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("main.ts", import.meta.url));

/**
 * The receiver as arguments of Bun, to be started where the stand's network is; `--folder` and the folder for its log and its report
 * belong behind them.
 *
 * @param url where it listens and takes notifications: `http://10.88.0.1:9094/alerts`
 * @param secretsFolder of the stand
 */
export function receiverProgram(url: string, secretsFolder: string): string[] {
  return [PROGRAM, "--url", url, "--secrets", secretsFolder];
}
