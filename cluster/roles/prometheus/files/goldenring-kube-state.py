#!/usr/bin/python3
"""The state of nodes, pods, deployments and autoscalers as metrics, for Prometheus on this machine.

Their names and labels are those of kube-state-metrics, so that rules and dashboards fit a cluster that has it.

goldenring-kube-state API_SERVER FOLDER PORT: FOLDER has ca.crt, client.crt and client.key. Each GET asks the API server.
"""

import http.client
import http.server
import json
import ssl
import sys

API_SERVER_PORT = 6443
# Prometheus waits for 5 s.
DEADLINE_S = 4


def conditions(kind, labels, item):
    for each in item["status"].get("conditions", []):
        for status in ("true", "false", "unknown"):
            both = {**labels, "condition": each["type"], "status": status}
            yield f"kube_{kind}_status_condition", both, each["status"].lower() == status


def labels_of(kind, item):
    return {"namespace": item["metadata"]["namespace"], kind: item["metadata"]["name"]}


def of_node(node):
    labels = {"node": node["metadata"]["name"]}
    yield "kube_node_spec_unschedulable", labels, node["spec"].get("unschedulable", False)
    yield from conditions("node", labels, node)


def of_pod(pod):
    labels = labels_of("pod", pod)
    yield "kube_pod_info", {**labels, "node": pod["spec"].get("nodeName", "")}, 1
    for container in pod["status"].get("containerStatuses", []):
        own = {**labels, "container": container["name"]}
        yield "kube_pod_container_status_ready", own, container["ready"]
        yield "kube_pod_container_status_restarts_total", own, container["restartCount"]
        reasons = {
            "waiting_reason": container.get("state", {}).get("waiting"),
            "last_terminated_reason": container.get("lastState", {}).get("terminated"),
        }
        for name, state in reasons.items():
            if state:
                yield f"kube_pod_container_status_{name}", {**own, "reason": state.get("reason", "")}, 1


def of_deployment(deployment):
    labels = labels_of("deployment", deployment)
    yield "kube_deployment_spec_replicas", labels, deployment["spec"]["replicas"]
    for name in ("available", "updated"):
        yield f"kube_deployment_status_replicas_{name}", labels, deployment["status"].get(f"{name}Replicas", 0)
    yield from conditions("deployment", labels, deployment)


def of_autoscaler(autoscaler):
    labels = labels_of("horizontalpodautoscaler", autoscaler)
    for part, name, default in (("spec", "min", 1), ("spec", "max", 0), ("status", "current", 0), ("status", "desired", 0)):
        yield f"kube_horizontalpodautoscaler_{part}_{name}_replicas", labels, autoscaler[part].get(f"{name}Replicas", default)


SOURCES = (
    ("/api/v1/nodes", of_node),
    ("/api/v1/pods", of_pod),
    ("/apis/apps/v1/deployments", of_deployment),
    ("/apis/autoscaling/v2/horizontalpodautoscalers", of_autoscaler),
)


def line(name, labels, value):
    pairs = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
    return f"{name}{{{pairs}}} {int(value)}\n"


def read(server, folder):
    """The page. It reads the certificates each time: the playbook may have replaced them."""
    tls = ssl.create_default_context(cafile=f"{folder}/ca.crt")
    tls.load_cert_chain(f"{folder}/client.crt", f"{folder}/client.key")
    connection = http.client.HTTPSConnection(server, API_SERVER_PORT, timeout=DEADLINE_S, context=tls)
    try:
        lines = []
        for path, samples in SOURCES:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise OSError(f"{path}: {answer.status}")
            lines += [line(*sample) for item in json.loads(body)["items"] for sample in samples(item)]
        return "".join(sorted(lines))
    finally:
        connection.close()


def serve(server, folder, port):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                status, text = 200, read(server, folder)
            except (OSError, http.client.HTTPException) as error:
                status, text = 503, f"{error}\n"
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    http.server.HTTPServer(("127.0.0.1", port), Page).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
