import type { Variable } from "./panels.ts";

/** Groups of the inventory. */
export const GROUP: Variable = { name: "group", title: "Group", label: "group", of: 'up{job="node"}' };

/** Machines whose series a job has. The same variable everywhere, so that a choice goes along from dashboard to dashboard. */
export const machineOf = (job: string): Variable => ({
  name: "machine",
  title: "Machine",
  label: "machine",
  of: `up{job=${JSON.stringify(job)}}`,
});

/** Machines of the chosen groups. */
export const MACHINE_OF_GROUP: Variable = {
  name: "machine",
  title: "Machine",
  label: "machine",
  of: 'up{job="node", group=~"$group"}',
};
