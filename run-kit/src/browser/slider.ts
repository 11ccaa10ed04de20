/** Moments that PageUp and PageDown go over. */
const PAGE = 30;

/** Where a key leads on a slider of `count` moments; undefined: nowhere, the key is somebody else's. */
export function indexAfter(event: KeyboardEvent, index: number, count: number): number | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - PAGE,
    PageUp: index + PAGE,
    Home: 0,
    End: count - 1,
  };
  const target = steps[event.key];
  return target === undefined ? undefined : Math.max(0, Math.min(target, count - 1));
}

/** Tells a screen reader where on a slider one is. */
export function describeSlider(host: HTMLElement, index: number, count: number, inWords: string): void {
  host.setAttribute("aria-valuemin", "1");
  host.setAttribute("aria-valuemax", String(Math.max(1, count)));
  host.setAttribute("aria-valuenow", String(index + 1));
  host.setAttribute("aria-valuetext", inWords);
}
