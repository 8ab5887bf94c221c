#!/usr/bin/env bash
# Write into .tools/deploy what `task deploy` applies: an overlay and the routing, with what they do not know themselves:
# prepare.sh OVERLAY [kafka]
set -euo pipefail
cd "$(dirname "$0")/../.."
overlay=knative/overlays/$1 broker=${2:-}
functions=.tools/deploy/functions/kustomization.yaml events=.tools/deploy/events/kustomization.yaml
mkdir -p "$(dirname "$functions")" "$(dirname "$events")"
rendered=$(kubectl kustomize "$overlay")

if grep -q -e 'image: registry\.example\.com/' -e 'sha256:0000000000' <<<"$rendered"; then
    echo "$overlay names no image yet: kustomize edit set image dev.local/rivulet=..." >&2
    exit 1
fi

echo "resources: [../../../$overlay]" >"$functions"
echo "resources: [../../../eventing]" >"$events"
if [ -n "$broker" ]; then
    echo "components: [../../../knative/components/$broker]" >>"$functions"
    echo "components: [../../../eventing/components/$broker]" >>"$events"
fi
# Knative makes a new Revision only of what differs: an image that was built anew under its name differs by its id.
if [[ $rendered =~ image:\ (dev\.local/[^[:space:]]+) ]]; then
    id=$(docker image inspect --format '{{.Id}}' "${BASH_REMATCH[1]}" 2>/dev/null) || id=unknown
    cat >>"$functions" <<END
patches:
  - target: {group: serving.knative.dev, kind: Service}
    patch: |-
      - {op: add, path: /spec/template/metadata/annotations/rivulet.dev~1image, value: "$id"}
END
fi
# Redis reads its file when it starts: a pod that carries the file's text is replaced when that changes.
if grep -q '^kind: StatefulSet' <<<"$rendered"; then
    cat >>"$functions" <<'END'
replacements:
  - source: {kind: ConfigMap, name: redis, fieldPath: "data.[redis.conf]"}
    targets:
      - select: {kind: StatefulSet, name: redis}
        fieldPaths: ["spec.template.metadata.annotations.[rivulet.dev/redis.conf]"]
        options: {create: true}
END
fi
