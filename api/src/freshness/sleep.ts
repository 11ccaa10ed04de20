const CELL = new Int32Array(new SharedArrayBuffer(4));

/** Holds the whole thread, its event loop included: what arrives meanwhile waits in the kernel. @param time on the clock of performance.now() */
export function sleepUntil(time: number): void {
  const milliseconds = time - performance.now();
  if (milliseconds > 0) Atomics.wait(CELL, 0, 0, milliseconds);
}
