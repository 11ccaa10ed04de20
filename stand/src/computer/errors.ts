/** What an error tells a person. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What `read` returns, or `otherwise` where there is no such file or folder. */
export function ifMissing<Value, Otherwise>(otherwise: Otherwise, read: () => Value): Value | Otherwise {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return otherwise;
    throw error;
  }
}
