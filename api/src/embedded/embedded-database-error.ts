/** A failure whose message is written for the person at the terminal: what happened and what to do. Print it without its stack. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = "EmbeddedDatabaseError";
}
