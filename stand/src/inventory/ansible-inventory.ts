import { LineCounter, parseDocument, type ScalarTag } from "yaml";
import { InventoryError } from "./inventory-error.ts";
import { type Path, type Place, placesOf } from "./places.ts";

/** A variable with the place where it was set. */
export interface Variable {
  readonly value: unknown;
  readonly place: string;
}
export type Variables = ReadonlyMap<string, Variable>;

export interface AnsibleHost {
  readonly name: string;
  readonly place: string;
  /** Every group that holds it, directly or through a child group. */
  readonly groups: ReadonlySet<string>;
  /** All that hold for it, the most particular one winning as in Ansible. */
  readonly variables: Variables;
}

/** Stands for a value that only Ansible can read. */
const ENCRYPTED = Symbol("encrypted by ansible-vault");

const ANSIBLE_TAGS: ScalarTag[] = [
  { tag: "!vault", resolve: () => ENCRYPTED },
  { tag: "!vault-encrypted", resolve: () => ENCRYPTED },
  { tag: "!unsafe", resolve: (text) => text },
];

interface Group {
  readonly variables: Map<string, Variable>;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
}

interface Tree {
  readonly groups: Map<string, Group>;
  readonly hosts: Map<string, { readonly place: string; readonly variables: Map<string, Variable> }>;
  readonly place: Place;
  readonly problems: string[];
}

/**
 * Reads an Ansible inventory in YAML form: groups with `hosts`, `vars` and `children`, nested and repeated as one likes. Values are
 * YAML 1.1, as Ansible reads them. Host ranges (`pg-[01:02]`) and the folders group_vars/ and host_vars/ are not read.
 *
 * @throws {InventoryError}
 */
export function parseAnsibleInventory(
  file: string,
  text: string,
): { readonly hosts: readonly AnsibleHost[]; readonly all: Variables } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    customTags: (tags) => [...tags, ...ANSIBLE_TAGS],
    lineCounter: lines,
  });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new InventoryError(
      file,
      faults.map(({ message }) => message.split("\n")[0] ?? message),
    );
  }

  const tree: Tree = { groups: new Map(), hosts: new Map(), place: placesOf(document, lines), problems: [] };
  addGroup(tree, "all", {}, []);
  for (const [name, content] of entries(tree, document.toJS(), [])) {
    addGroup(tree, name, content, [name]);
    if (name !== "all") tree.groups.get("all")?.children.add(name);
  }
  checkForCycles(tree);
  if (tree.problems.length > 0) throw new InventoryError(file, tree.problems);

  const depths = depthsOf(tree);
  return {
    hosts: [...tree.hosts].map(([name, host]) => {
      const groups = groupsHolding(tree, name);
      const particular = [...groups].sort(
        (one, other) => (depths.get(one) ?? 0) - (depths.get(other) ?? 0) || (one < other ? -1 : 1),
      );
      const inherited = particular.flatMap((group) => [...(tree.groups.get(group)?.variables ?? [])]);
      return { name, place: host.place, groups, variables: new Map([...inherited, ...host.variables]) };
    }),
    all: tree.groups.get("all")?.variables ?? new Map(),
  };
}

function addGroup(tree: Tree, name: string, content: unknown, path: Path): void {
  const group = tree.groups.get(name) ?? { variables: new Map(), hosts: new Set(), children: new Set() };
  tree.groups.set(name, group);
  for (const [key, value] of entries(tree, content, path)) {
    const inside = [...path, key];
    if (key === "vars") setVariables(tree, group.variables, value, inside);
    else if (key === "hosts") for (const host of addHosts(tree, value, inside)) group.hosts.add(host);
    else if (key === "children") {
      for (const [child, childContent] of entries(tree, value, inside)) {
        group.children.add(child);
        addGroup(tree, child, childContent, [...inside, child]);
      }
    } else tree.problems.push(`${tree.place(inside)}: is not understood; a group has hosts, vars and children`);
  }
}

function addHosts(tree: Tree, content: unknown, path: Path): string[] {
  return entries(tree, content, path).flatMap(([name, variables]) => {
    const inside = [...path, name];
    if (/[[\]:,]/.test(name)) {
      tree.problems.push(`${tree.place(inside)}: ranges and patterns are not understood; name each host by itself`);
      return [];
    }
    const host = tree.hosts.get(name) ?? { place: tree.place(inside), variables: new Map() };
    tree.hosts.set(name, host);
    setVariables(tree, host.variables, variables, inside);
    return [name];
  });
}

function setVariables(tree: Tree, variables: Map<string, Variable>, content: unknown, path: Path): void {
  for (const [name, value] of entries(tree, content, path)) {
    const place = tree.place([...path, name]);
    variables.set(name, { value, place });
    if (name === "ansible_group_priority") tree.problems.push(`${place}: is not understood`);
  }
}

/** The entries of a mapping; nothing stands for an empty one. */
function entries(tree: Tree, content: unknown, path: Path): [string, unknown][] {
  if (content === null || content === undefined) return [];
  if (typeof content === "object" && !Array.isArray(content)) return Object.entries(content);
  tree.problems.push(`${tree.place(path)}: a mapping (name: ...) is expected`);
  return [];
}

function checkForCycles(tree: Tree): void {
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name))
      tree.problems.push(`the group ${name} is its own child (${[...above, name].join(" > ")})`);
    else if (!done.has(name)) {
      for (const child of tree.groups.get(name)?.children ?? []) visit(child, [...above, name]);
      done.add(name);
    }
  };
  for (const name of tree.groups.keys()) visit(name, []);
}

/** Of two groups Ansible lets the one win that is farther away from `all`. */
function depthsOf(tree: Tree): Map<string, number> {
  const depths = new Map<string, number>();
  const descend = (name: string, depth: number): void => {
    if ((depths.get(name) ?? -1) >= depth) return;
    depths.set(name, depth);
    for (const child of tree.groups.get(name)?.children ?? []) descend(child, depth + 1);
  };
  descend("all", 0);
  return depths;
}

function groupsHolding(tree: Tree, host: string): Set<string> {
  const holding = new Set(["all"]);
  const climb = (name: string): void => {
    if (holding.has(name)) return;
    holding.add(name);
    for (const [parent, { children }] of tree.groups) if (children.has(name)) climb(parent);
  };
  for (const [name, { hosts }] of tree.groups) if (hosts.has(host)) climb(name);
  return holding;
}
