/** How figures are written in pages: three digits say enough, and thousands are grouped. */
export function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** "2026-11-23 16:51:07 UTC". */
export function moment(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "12 min 5 s", "12 min". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = minutes > 0 && whole % 60 === 0 ? [] : [`${whole % 60} s`];
  return [...(minutes === 0 ? [] : [`${minutes} min`]), ...rest].join(" ");
}
