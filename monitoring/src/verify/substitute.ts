/**
 * What stands for Grafana's own variables: a minute, because rates need two scrapes (10 s, of certificates 60 s), and because Grafana takes at
 * least four scrapes.
 */
const GRAFANAS: Readonly<Record<string, string>> = { __rate_interval: "1m", __interval: "10s", __range: "1h" };
/** Grafana's value for "All", as the dashboards define it. */
const ALL = ".*";

/**
 * The expression as Grafana would send it with all variables on "All".
 *
 * @param variables names of the dashboard's own variables
 * @throws {Error} that names a variable which nobody defines
 */
export function substitute(expr: string, variables: readonly string[]): string {
  return expr.replaceAll(/\$(?:\{(\w+)(?::\w+)?\}|([a-zA-Z_]\w*))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const value = variables.includes(name) ? ALL : GRAFANAS[name];
    if (value === undefined) throw new Error(`$${name} is a variable that the dashboard does not have`);
    return value;
  });
}
