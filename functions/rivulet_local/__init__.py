"""The embedded mode: the functions of a cluster, on one machine, without Kubernetes.

It reads the manifests in ``knative/`` and ``eventing/`` and brings what they take for granted: an activator, a
Broker, Redis. It never imports a function's code; each function is a process of its own.
"""
