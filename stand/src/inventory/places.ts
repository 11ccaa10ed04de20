import { type Document, isNode, type LineCounter } from "yaml";

export type Path = readonly string[];

/** Says where in the file something stands: `line 12, all.children.etcd`. */
export type Place = (path: Path) => string;

/** Something that comes from a merge key has no line of its own and is given its parent's. */
export function placesOf(document: Document, lines: LineCounter): Place {
  return (path) => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
      if (!isNode(node) || !node.range) continue;
      return `line ${lines.linePos(node.range[0]).line}, ${path.length === 0 ? "the file" : path.join(".")}`;
    }
    return path.join(".");
  };
}
