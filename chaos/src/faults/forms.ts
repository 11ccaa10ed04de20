import * as z from "zod";
import { Target } from "./target.ts";

/** Options that faults share. */
export const on = Target;
export const percent = z.number().min(1).max(100);
/** A service of systemd, with or without `.service`. */
export const unit = z
  .string()
  .regex(/^[A-Za-z0-9@._-]+$/, "is no name of a unit")
  .transform((name) => name.replace(/\.service$/, ""));
