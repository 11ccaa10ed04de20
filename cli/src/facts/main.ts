import { readInventory } from "@goldenring/stand";
import { gatherFacts } from "./gather.ts";

// Its own process, because it is started inside the stand's network namespace. Writes the facts as JSON.
const [file = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await gatherFacts(await readInventory(file))));
