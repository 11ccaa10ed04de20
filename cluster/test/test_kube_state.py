"""What Prometheus gets to know of Kubernetes' objects."""

import importlib.util
import os
import unittest

CLUSTER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
path = os.path.join(CLUSTER, "roles/prometheus/files/goldenring-kube-state.py")
spec = importlib.util.spec_from_file_location("kube_state", path)
state = importlib.util.module_from_spec(spec)
spec.loader.exec_module(state)


def lines(samples):
    return [state.line(*sample).rstrip() for sample in samples]


class KubeState(unittest.TestCase):
    def test_a_node_that_nobody_has_heard_of_is_neither_ready_nor_not_ready(self):
        node = {"metadata": {"name": "k8s-02"}, "spec": {"unschedulable": True}}
        node["status"] = {"conditions": [{"type": "Ready", "status": "Unknown"}]}
        self.assertEqual(
            lines(state.of_node(node)),
            [
                'kube_node_spec_unschedulable{node="k8s-02"} 1',
                'kube_node_status_condition{node="k8s-02",condition="Ready",status="true"} 0',
                'kube_node_status_condition{node="k8s-02",condition="Ready",status="false"} 0',
                'kube_node_status_condition{node="k8s-02",condition="Ready",status="unknown"} 1',
            ],
        )

    def test_a_container_tells_why_it_waits_and_how_it_ended_before(self):
        container = {"name": "api", "ready": False, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        container["lastState"] = {"terminated": {"reason": "OOMKilled"}}
        metadata = {"namespace": "weather", "name": "weather-1"}
        pod = {"metadata": metadata, "spec": {"nodeName": "k8s-02"}, "status": {"containerStatuses": [container]}}
        own = 'namespace="weather",pod="weather-1"'
        self.assertEqual(
            lines(state.of_pod(pod)),
            [
                f'kube_pod_info{{{own},node="k8s-02"}} 1',
                f'kube_pod_container_status_ready{{{own},container="api"}} 0',
                f'kube_pod_container_status_restarts_total{{{own},container="api"}} 4',
                f'kube_pod_container_status_waiting_reason{{{own},container="api",reason="CrashLoopBackOff"}} 1',
                f'kube_pod_container_status_last_terminated_reason{{{own},container="api",reason="OOMKilled"}} 1',
            ],
        )
        pending = {"metadata": metadata, "spec": {}, "status": {"phase": "Pending"}}
        self.assertEqual(lines(state.of_pod(pending)), [f'kube_pod_info{{{own},node=""}} 1'])

    def test_a_deployment_without_pods_has_none_available(self):
        deployment = {"metadata": {"namespace": "weather", "name": "weather"}, "spec": {"replicas": 3}, "status": {}}
        own = 'namespace="weather",deployment="weather"'
        self.assertEqual(
            lines(state.of_deployment(deployment)),
            [
                f"kube_deployment_spec_replicas{{{own}}} 3",
                f"kube_deployment_status_replicas_available{{{own}}} 0",
                f"kube_deployment_status_replicas_updated{{{own}}} 0",
            ],
        )

    def test_an_autoscaler_has_its_bounds_and_what_it_wants(self):
        autoscaler = {"metadata": {"namespace": "weather", "name": "weather"}, "spec": {"maxReplicas": 30}}
        autoscaler["status"] = {"currentReplicas": 3, "desiredReplicas": 5}
        values = [value for _, _, value in state.of_autoscaler(autoscaler)]
        self.assertEqual(values, [1, 30, 3, 5])


if __name__ == "__main__":
    unittest.main()
