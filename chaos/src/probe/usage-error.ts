/** The arguments of a program cannot be used; the message says what is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
