#!/usr/bin/env bash
# Say everything that is missing, and how to get it, before anything is done: needs.sh docker kubectl cluster ...
set -uo pipefail
missing=0
miss() { echo "missing: $1" >&2; missing=1; }
for need in "$@"; do
    case $need in
    docker)
        if ! command -v docker >/dev/null; then miss "docker: https://docs.docker.com/engine/install"
        elif ! docker info >/dev/null 2>&1; then miss "a Docker engine that answers: start it, or join the group docker"; fi ;;
    k3d) command -v k3d >/dev/null || miss "k3d 5.9 or newer: https://k3d.io/#installation" ;;
    kubectl) command -v kubectl >/dev/null || miss "kubectl 1.30 or newer: https://kubernetes.io/docs/tasks/tools" ;;
    python3) command -v python3 >/dev/null || miss "python3, which makes the Secret's keys: https://www.python.org/downloads" ;;
    curl) command -v curl >/dev/null || miss "curl" ;;
    cluster)
        if ! version=$(kubectl get --raw /version 2>/dev/null); then
            miss "a cluster that answers: 'task cluster:up', or set KUBECONFIG"
        elif [[ $version =~ \"minor\":\ *\"([0-9]+) && ${BASH_REMATCH[1]} -lt 34 ]]; then
            miss "Kubernetes 1.34 or newer, without which Knative does not start; this cluster has 1.${BASH_REMATCH[1]}"
        fi ;;
    knative)
        kubectl get crd services.serving.knative.dev brokers.eventing.knative.dev >/dev/null 2>&1 \
            || miss "Knative Serving and Eventing in the cluster: 'task cluster:install'" ;;
    kafka)
        kubectl -n knative-eventing get service kafka-broker-ingress >/dev/null 2>&1 \
            || miss "Kafka's Broker in the cluster: https://knative.dev/docs/eventing/brokers/broker-types/kafka-broker" ;;
    argo)
        kubectl get crd cronworkflows.argoproj.io >/dev/null 2>&1 \
            || miss "Argo Workflows in the cluster: 'task cluster:install'" ;;
    *) miss "a rule for '$need' in $0" ;;
    esac
done
exit "$missing"
