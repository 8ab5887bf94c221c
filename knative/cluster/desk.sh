#!/usr/bin/env bash
# Whether kubectl's cluster is a desk's, which one person reaches at this machine's own addresses: the one that
# `task cluster:up` makes, or any for which DESK=1 is said: desk.sh [DESK]
set -uo pipefail
[ "${1:-}" = 1 ] || [ "$(kubectl config current-context 2>/dev/null)" = k3d-rivulet ]
