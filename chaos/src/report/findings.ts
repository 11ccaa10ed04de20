import BASELINE_2023 from "./baseline-2023.json";
import PRODUCT_CHANGES from "./product-changes.json";

/** What the course report of December 2023 did, expected and saw. */
export interface Baseline2023 {
  /** Id of the experiment of the same kind here. */
  readonly experiment: string;
  readonly fault: string;
  readonly means: string;
  readonly expected: string;
  readonly saw: string;
  /** What its figures leave open, or what differs here. */
  readonly difference?: string;
}

/** Undefined: nothing of the kind was done in 2023. */
export function of2023(experiment: string): Baseline2023 | undefined {
  return BASELINE_2023.find((each) => each.experiment === experiment);
}

/** What the product owes to an experiment: product-changes.json has each change with its measured effect, and where it is. */
export function changesBecauseOf(experiment: string) {
  return PRODUCT_CHANGES.filter(({ experiments }) => experiments.includes(experiment));
}
