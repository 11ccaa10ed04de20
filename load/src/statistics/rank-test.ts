/**
 * The exact two-sided Mann-Whitney test: the share of all ways to deal these values into two groups of these sizes in which the sum
 * of the first group's ranks is at least as far from its mean as it is here. Ties get the mean of their ranks and are counted
 * exactly, so that nothing is approximated however few the values are. Assumes that the values are independent, as runs are and the
 * seconds of one run are not.
 *
 * Source: H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", 1947.
 *
 * @returns 1 when either group is empty
 */
export function rankTest(one: readonly number[], other: readonly number[]): number {
  const ranks = doubledRanks([...one, ...other]);
  const sum = total(ranks.slice(0, one.length));
  const mean = (total(ranks) * one.length) / Math.max(1, ranks.length);
  const ways = waysToSum(ranks, one.length);
  const all = total(ways);
  const asFar = ways.reduce((count, way, at) => (Math.abs(at - mean) >= Math.abs(sum - mean) ? count + way : count), 0);
  return asFar / all;
}

/**
 * The smallest result that groups of these sizes can have without ties: above the required level a test of them shows nothing.
 */
export function minPossible(one: number, other: number): number {
  const dealings = waysToSum(
    Array.from({ length: one + other }, (_, index) => 2 * (index + 1)),
    one,
  );
  return Math.min(1, 2 / total(dealings));
}

/** Twice the rank of each value, so that the mean rank of a tie is whole too. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = values.toSorted((one, other) => one - other);
  return values.map((value) => sorted.indexOf(value) + sorted.lastIndexOf(value) + 2);
}

/** At index s: in how many ways `size` of the ranks sum to s. */
function waysToSum(ranks: readonly number[], size: number): number[] {
  const most = total(ranks);
  const ways = Array.from({ length: size + 1 }, () => new Array<number>(most + 1).fill(0));
  const none = ways[0];
  if (none) none[0] = 1;
  for (const rank of ranks) {
    for (let taken = size; taken > 0; taken -= 1) {
      const [fewer, these] = [ways[taken - 1] ?? [], ways[taken] ?? []];
      for (let sum = rank; sum <= most; sum += 1) these[sum] = (these[sum] ?? 0) + (fewer[sum - rank] ?? 0);
    }
  }
  return ways[size] ?? [];
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
