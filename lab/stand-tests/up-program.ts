/** Brings the stand up in a process of its own, to be killed in the middle. */
import { lab, UP } from "./stand-of-tests.ts";

await lab.up({ ...UP, onProgress: (step) => process.stdout.write(`${step}\n`) });
