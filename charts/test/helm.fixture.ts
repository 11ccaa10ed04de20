import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isGiven } from "../../skips.fixture.ts";
import { runProgram } from "../../stand/src/index.ts";

export const CHART = join(import.meta.dirname, "../goldenring");
const INSTALLED = execFileSync("bash", [join(import.meta.dirname, "install.sh"), "--where"], {
  encoding: "utf8",
}).trim();
export const KUBERNETES = ["1.37.2", "1.36.3", "1.35.4"] as const;
export const HELMS = ["helm3", "helm4"] as const;
export type Helm = (typeof HELMS)[number];
export const HELM_DEADLINE_MS = 60_000;

export function hasHelm(): boolean {
  return isGiven("Helm and kubeconform (charts/test/install.sh)", existsSync(join(INSTALLED, "complete")));
}

export type Values = Readonly<Record<string, unknown>>;

export function helm(version: Helm, args: readonly string[], values: Values = {}) {
  return runProgram([join(INSTALLED, "bin", version), ...args, "--values=-"], {
    deadlineMs: HELM_DEADLINE_MS,
    input: JSON.stringify(values),
  });
}

/** @throws with what Helm printed */
export function template(version: Helm, values: Values, ...args: readonly string[]): Promise<string> {
  return templateOf(CHART, version, values, ...args);
}

export async function templateOf(chart: string, version: Helm, values: Values, ...args: readonly string[]) {
  const options = ["--namespace=weather", `--kube-version=${KUBERNETES[0]}`, ...args];
  const { code, stdout, stderr } = await helm(version, ["template", "weather", chart, ...options], values);
  if (code !== 0) throw new Error(stderr);
  // Helm 4 has empty lines between objects.
  return stdout.replace(/\n+(?=---\n|$)/g, "\n");
}

/** What kubeconform finds wrong. */
export async function kubeconform(kubernetes: string, manifests: string): Promise<string> {
  const folder = join(INSTALLED, "schemas");
  const places = [
    `${folder}/{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json`,
    `${folder}/resources/{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`,
  ].map((place) => `-schema-location=${place}`);
  const argv = [join(INSTALLED, "bin/kubeconform"), "-strict", `-kubernetes-version=${kubernetes}`, ...places, "-"];
  const { code, stdout, stderr } = await runProgram(argv, { deadlineMs: HELM_DEADLINE_MS, input: manifests });
  return code === 0 ? "" : stdout + stderr;
}
