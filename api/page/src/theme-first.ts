/** Runs before the first paint, so that a page in the dark doesn't flash in white. */
import { applyTheme } from "./theme.ts";

applyTheme();
