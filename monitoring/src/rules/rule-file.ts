import { stringify } from "yaml";

/** A rule as Prometheus' files have it. */
export type RuleEntry =
  | { readonly record: string; readonly expr: string; readonly labels?: Readonly<Record<string, string>> }
  | {
      readonly alert: string;
      readonly expr: string;
      readonly for?: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

export interface RuleGroup {
  readonly name: string;
  /** How often it is evaluated, where that is not the usual interval. */
  readonly interval?: string;
  readonly rules: readonly RuleEntry[];
}

/** The text of a rule file that a program writes. */
export function formatRules(groups: readonly RuleGroup[], comment: string): string {
  return `# ${comment}\n${stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
