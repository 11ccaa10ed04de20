/** Injects one fault after another on this computer and undoes each, until it is killed. Arguments: the stand's folder, a folder to fill. */
import { thisComputer } from "@goldenring/stand";
import { inject } from "../src/engine/inject.ts";
import { takeEngineLock } from "../src/engine/lock.ts";
import { openFaults } from "../src/undo/open-fault.ts";
import { undoAll } from "../src/undo/undo.ts";

const [standFolder = "", path = ""] = process.argv.slice(2);
const stand = thisComputer(standFolder);
const open = openFaults(standFolder);
await takeEngineLock(standFolder, "test");
process.stdout.write("ready\n");
for (;;) {
  await inject(
    { use: { fault: "disk-fill", on: "operator", path, fill: { mib: 1 } }, machine: "operator", endsAfterSeconds: 60 },
    { id: "test", site: { stand, resolve: (target) => [target] }, open, experiment: { blastRadius: {} } },
    () => {},
  );
  const left = await undoAll(stand, open, open.list());
  if (left.length > 0) throw new Error(JSON.stringify(left));
  process.stdout.write("undone\n");
}
