import { readInventory } from "../inventory/read-inventory.ts";
import { askServices } from "./ask-services.ts";

// A process of its own, because it is started inside the stand's network namespace. Prints what the services report, as JSON.
const [file = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await askServices(await readInventory(file))));
