import { httpRequest, type Inventory, readAuthority, readCertificate } from "@goldenring/stand";
import * as z from "zod";

/** Kubernetes removes the pods of a node with this taint at once, and starts others: it must be off for certain. */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
/** One with another value is of a person, who takes it back. */
const OWN = { key: OUT_OF_SERVICE, value: "goldenring-guardian", effect: "NoExecute" } as const;
const DEADLINE_MS = 1_500;

const Node = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string() }),
  spec: z.object({ taints: z.array(z.looseObject({ key: z.string(), value: z.string().optional() })).default([]) }),
});
const NodeList = z.object({ items: z.array(Node) });
type Node = z.output<typeof Node>;

const isOwn = ({ key, value }: Node["spec"]["taints"][number]): boolean => key === OWN.key && value === OWN.value;

/** The nodes of the lab's Kubernetes, by its API server. @throws {SecretsError} when the operator's certificate does not exist yet */
export async function openNodes(inventory: Inventory) {
  // Without the control plane nobody hears of a taint, and it runs no replicas.
  const [controlPlane, ...machines] = inventory.byRole("kubernetes");
  if (controlPlane === undefined) return undefined;
  const tls = {
    ca: await readAuthority(inventory, "kubernetes"),
    ...(await readCertificate(inventory, "operator/kubernetes")),
  };
  const ask = async (
    path: string,
    change: Pick<Parameters<typeof httpRequest>[0], "method" | "headers" | "body"> = {},
  ) => {
    const url = `https://${controlPlane.address}:6443/api/v1/nodes${path}`;
    const { status, text } = await httpRequest({ url, tls, deadlineMs: DEADLINE_MS, ...change });
    if (status !== 200) throw new Error(`the API server answers ${status}: ${text.trim().slice(0, 200)}`);
    return JSON.parse(text) as unknown;
  };
  /** Unless somebody changes the node at the same moment. */
  const setTaints = async ({ metadata: { name, resourceVersion } }: Node, value: readonly object[]): Promise<void> => {
    const body = [
      { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
      { op: "add", path: "/spec/taints", value },
    ];
    await ask(`/${name}`, { method: "PATCH", headers: { "content-type": "application/json-patch+json" }, body });
  };
  return {
    machines,
    async takeOut(name: string): Promise<void> {
      const node = Node.parse(await ask(`/${name}`));
      if (!node.spec.taints.some(isOwn)) await setTaints(node, [...node.spec.taints, OWN]);
    },
    /** Takes back what a guardian set, wherever `mayReturn`. @returns the names of these nodes */
    async letIn(mayReturn: (name: string) => Promise<boolean>): Promise<readonly string[]> {
      const returned: string[] = [];
      for (const node of NodeList.parse(await ask("")).items) {
        const { taints } = node.spec;
        if (!taints.some(isOwn) || !(await mayReturn(node.metadata.name))) continue;
        await setTaints(
          node,
          taints.filter((taint) => !isOwn(taint)),
        );
        returned.push(node.metadata.name);
      }
      return returned;
    },
  };
}
