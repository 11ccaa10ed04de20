/** A task of the playbook that is running. */
export interface PlaybookStep {
  readonly role: string | undefined;
  readonly task: string;
}

/** The step that starts at a line of ansible-playbook's output: `TASK [etcd : The service runs] ****`. */
export function stepOf(line: string): PlaybookStep | undefined {
  const name = /^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$/.exec(line)?.[1];
  if (name === undefined) return undefined;
  const [, role, task] = /^([\w-]+) : (.*)$/.exec(name) ?? [undefined, undefined, name];
  return { role, task: task ?? name };
}

/** Failed tasks with their messages, as ansible-playbook printed them; the last lines where it names none. */
export function failuresIn(output: string): string {
  const lines = output.trimEnd().split("\n");
  const failures = lines.filter((line) => /^(fatal|failed|ERROR!|\[ERROR\])/.test(line)).map(shorten);
  return (failures.length > 0 ? failures.slice(-5) : lines.slice(-10)).join("\n");
}

/** The message out of `fatal: [pg-01]: FAILED! => {..., "msg": "..."}`: the rest is long and in the log. */
function shorten(line: string): string {
  const [, head, json] = /^(.*?) => (\{.*\})$/.exec(line) ?? [];
  if (head === undefined || json === undefined) return line.slice(0, 500);
  try {
    const { msg, stderr } = JSON.parse(json) as { msg?: unknown; stderr?: unknown };
    const words = [msg, stderr].filter((text) => typeof text === "string" && text !== "").join(" | ");
    return `${head}: ${words.slice(0, 500)}`;
  } catch {
    return line.slice(0, 500);
  }
}
