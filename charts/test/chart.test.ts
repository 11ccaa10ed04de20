import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram } from "../../skips.fixture.ts";
import { runProgram } from "../../stand/src/index.ts";
import { CASES } from "./cases.fixture.ts";
import {
  CHART,
  HELM_DEADLINE_MS,
  HELMS,
  type Helm,
  hasHelm,
  helm,
  KUBERNETES,
  kubeconform,
  template,
  templateOf,
  type Values,
} from "./helm.fixture.ts";

interface Container {
  readonly securityContext: object;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly lifecycle?: { readonly preStop: object };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly object[];
}

interface Pod {
  readonly metadata: { readonly annotations: object };
  readonly spec: PodSpec;
}

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly labels?: object;
}

interface Manifest {
  readonly kind: string;
  readonly spec: PodSpec & {
    readonly replicas?: number;
    readonly template: Pod;
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
}

function manifestsOf(text: string): Manifest[] {
  return (Bun.YAML.parse(text.replace(/^---\n/, "")) as Manifest[]).filter((each) => each !== null);
}

const only = (manifests: readonly Manifest[], kind: string): Manifest =>
  manifests.find((each) => each.kind === kind) ?? expect.unreachable(`there is no ${kind}`);

/** NOTES.txt is shown only with a cluster: so it becomes a template of a copy of the chart. */
async function notesOf(version: Helm, values: Values): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-chart-notes-"));
  try {
    cpSync(CHART, folder, { recursive: true });
    const notes = join(folder, "templates/NOTES.txt");
    const text = readFileSync(notes, "utf8");
    rmSync(notes);
    const object = 'kind: Notes\nspec: {text: {{ include "notes" . | toJson }}}';
    writeFileSync(
      join(folder, "templates/notes.yaml"),
      `{{ define "notes" }}${text}{{ end }}\napiVersion: v1\n${object}\n`,
    );
    const made = await templateOf(folder, version, values, "--show-only=templates/notes.yaml");
    return (Bun.YAML.parse(made) as { spec: { text: string } }).spec.text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!hasHelm())("the chart", () => {
  describe.each(Object.keys(CASES))("with the values %s", (name) => {
    const values = CASES[name] ?? {};

    test(
      "makes what its golden file has, by both versions of Helm",
      async () => {
        const [first, second] = await Promise.all(HELMS.map((version) => template(version, values)));
        expect(second).toBe(first ?? "");
        const file = join(import.meta.dirname, "golden", `${name}.yaml`);
        if (existsSync(file) && readFileSync(file, "utf8") === first) return;
        writeFileSync(file, first ?? "");
        throw new Error(`charts/test/golden/${name}.yaml differed. It is rewritten: look at it and commit it.`);
      },
      HELM_DEADLINE_MS,
    );

    test.each(KUBERNETES)(
      "is valid for Kubernetes %s, each field known",
      async (kubernetes) => {
        expect(await kubeconform(kubernetes, await template("helm4", values))).toBe("");
      },
      HELM_DEADLINE_MS,
    );

    test(
      "passes helm lint",
      async () => {
        for (const version of HELMS)
          expect(await helm(version, ["lint", CHART, "--strict"], values)).toMatchObject({ code: 0 });
      },
      HELM_DEADLINE_MS,
    );

    test(
      'has only pods that Pod Security "restricted" admits, without a token, with limits',
      async () => {
        const manifests = manifestsOf(await template("helm4", values));
        const pods = manifests.flatMap(({ kind, spec }) => {
          if (kind === "Deployment" || kind === "Job") return [spec.template.spec];
          return kind === "Pod" ? [spec] : [];
        });
        expect(pods.length).toBeGreaterThan(1);
        for (const { containers, securityContext, automountServiceAccountToken, volumes = [] } of pods) {
          expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
          expect(automountServiceAccountToken).toBe(false);
          for (const volume of volumes) expect(Object.keys(volume)).not.toContain("hostPath");
          for (const { securityContext: own, resources } of containers) {
            expect(own).toEqual({
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            });
            expect(resources.limits.memory).toMatch(/^\d+(?:Mi|Gi)$/);
          }
        }
      },
      HELM_DEADLINE_MS,
    );
  });

  test(
    "has no field that Kubernetes or the makers of other resources do not know: such a one would be found",
    async () => {
      const text = await template("helm4", CASES.everything ?? {});
      for (const [right, wrong] of [
        ["failureThreshold: 60", "failureTreshold: 60"],
        ["targetLabel: job", "targetLable: job"],
        ["backendRefs:", "backendRef:"],
        ["record: slo:requests:rate1m", "recod: slo:requests:rate1m"],
      ] as const) {
        expect(text).toContain(right);
        expect(await kubeconform(KUBERNETES[0], text.replace(right, wrong))).toContain(wrong.split(":")[0] ?? "");
      }
    },
    HELM_DEADLINE_MS,
  );

  test(
    "the example of a database by an operator is valid for it",
    async () => {
      const text = readFileSync(join(CHART, "../examples/cloudnative-pg.yaml"), "utf8");
      expect(await kubeconform(KUBERNETES[0], text)).toBe("");
      expect(await kubeconform(KUBERNETES[0], text.replace("failoverQuorum:", "failoverQorum:"))).not.toBe("");
    },
    HELM_DEADLINE_MS,
  );

  test.each([
    [{}, "The database is missing. Name a Secret"],
    [{ database: { existingSecret: "a" }, demo: { enabled: true } }, "database.existingSecret, demo.enabled"],
    [{ demo: { enabled: true }, migration: { existingSecret: "a" } }, "remove migration.existingSecret"],
    [{ demo: { enabled: true }, httpRoute: { enabled: true } }, "httpRoute.parentRefs is missing"],
    [
      { demo: { enabled: true }, autoscaling: { enabled: true, minReplicas: 9, maxReplicas: 3 } },
      "autoscaling.minReplicas",
    ],
    [{ database: { existingSecret: "a", ca: { existingSecret: "b", existingConfigMap: "c" } } }, "two certificates"],
    [{ replica: 3 }, "replica"],
    [{ database: { existingSecrt: "a" } }, "existingSecrt"],
    [{ config: { READ_PATIENCE: "3" } }, "READ_PATIENCE"],
    [{ config: { DATABASE_URL: "postgres://" } }, "DATABASE_URL"],
    [{ config: { READ_BARRIER: true } }, "READ_BARRIER"],
    [{ podDisruptionBudget: { minAvailable: "half" } }, "minAvailable"],
    [{ resources: { limits: { memory: 134_217_728 } } }, "memory"],
    [{ service: { type: "External" } }, "type"],
  ])(
    "refuses %j and names %s",
    async (values, message) => {
      for (const version of HELMS) await expect(template(version, values)).rejects.toThrow(message);
    },
    HELM_DEADLINE_MS,
  );

  test(
    "leaves the number of pods to the autoscaler, and has one of the two numbers of a disruption budget",
    async () => {
      const fixed = manifestsOf(await template("helm4", CASES.minimal ?? {}));
      expect(only(fixed, "Deployment").spec.replicas).toBe(3);
      expect(only(fixed, "PodDisruptionBudget").spec).toMatchObject({ maxUnavailable: 1 });
      const scaled = manifestsOf(await template("helm4", CASES.everything ?? {}));
      expect(only(scaled, "Deployment").spec).not.toHaveProperty("replicas");
      expect(only(scaled, "PodDisruptionBudget").spec).not.toHaveProperty("maxUnavailable");
    },
    HELM_DEADLINE_MS,
  );

  test(
    "changed settings roll the pods, an upgrade without changes does not unless it is told to",
    async () => {
      const podsOf = async (values: object, ...args: readonly string[]) =>
        only(manifestsOf(await template("helm4", { ...CASES.bare, ...values }, ...args)), "Deployment").spec.template;
      const before = await podsOf({});
      expect(await podsOf({}, "--is-upgrade")).toEqual(before);
      for (const changed of [
        { config: { READ_PATIENCE_MS: 900 } },
        { database: { url: "postgres://weather:new@db/weather" } },
      ])
        expect((await podsOf(changed)).metadata.annotations).not.toEqual(before.metadata.annotations);
      expect((await podsOf({ rollout: { recreatePods: true } })).metadata.annotations).toHaveProperty(
        "goldenring/revision",
      );
    },
    HELM_DEADLINE_MS,
  );

  test(
    "gives a pod the time that the API itself takes to stop",
    async () => {
      const graceOf = async (shutdown: object) => {
        const manifests = manifestsOf(await template("helm4", { ...CASES.minimal, shutdown }));
        const { terminationGracePeriodSeconds, containers } = only(manifests, "Deployment").spec.template.spec;
        return { terminationGracePeriodSeconds, preStop: containers[0]?.lifecycle?.preStop };
      };
      expect(await graceOf({})).toEqual({ terminationGracePeriodSeconds: 22, preStop: { sleep: { seconds: 5 } } });
      const long = { preStopSeconds: 20, delayMs: 4_001, graceMs: 30_000 };
      expect(await graceOf(long)).toMatchObject({ terminationGracePeriodSeconds: 60 });
      expect(await graceOf({ preStopSeconds: 0 })).toEqual({ terminationGracePeriodSeconds: 17, preStop: undefined });
    },
    HELM_DEADLINE_MS,
  );

  test(
    "tells where it answers and what to do next",
    async () => {
      for (const version of HELMS) expect(await notesOf(version, CASES.bare ?? {})).toContain("better name a Secret");
      const notes = await notesOf("helm4", CASES.demo ?? {});
      expect(notes).toContain("http://weather-goldenring.weather:80/");
      expect(notes).toContain("npm run image -- --demo");
      expect(notes).toContain("helm -n weather test weather");
    },
    HELM_DEADLINE_MS,
  );

  test.skipIf(!hasProgram("promtool"))(
    "has the stand's rules, for the job of its release",
    async () => {
      const { spec } = only(manifestsOf(await template("helm4", CASES.everything ?? {})), "PrometheusRule");
      const text = JSON.stringify(spec);
      expect(text).not.toContain('job=\\"api\\"');
      const folder = mkdtempSync(join(tmpdir(), "goldenring-chart-rules-"));
      try {
        writeFileSync(join(folder, "rules.yml"), text);
        const checked = await runProgram(["promtool", "check", "rules", join(folder, "rules.yml")], {
          deadlineMs: HELM_DEADLINE_MS,
        });
        expect(checked).toMatchObject({ code: 0 });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      const rules = spec.groups.flatMap(({ rules: each }) => each);
      const names = rules.map(({ alert }) => alert).filter((alert) => alert !== undefined);
      expect(names).toEqual(
        expect.arrayContaining(["ApiReplicaDown", "ApiPrimaryUnreachable", "ApiAvailabilityBudgetBurn"]),
      );
      for (const { record, labels } of rules)
        if (record !== undefined) expect(labels).toMatchObject({ job: "forecast" });
    },
    HELM_DEADLINE_MS,
  );
});
