#!/usr/bin/env bash
# Fetch a file into .tools/cluster, and hold it to checksums.txt beside this script: fetch.sh NAME URL. A name that is not there yet
# is written there; look at it, and commit it.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 url=$2 sums=knative/cluster/checksums.txt
mkdir -p .tools/cluster

sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

known=$(awk -v name="$name" '$2 == name {print $1}' "$sums")
if [ -n "$known" ] && [ -f ".tools/cluster/$name" ] && [ "$(sum ".tools/cluster/$name")" = "$known" ]; then exit 0; fi
curl --fail --silent --show-error --location --retry 3 --output ".tools/cluster/$name.part" "$url"
got=$(sum ".tools/cluster/$name.part")
if [ -z "$known" ]; then
    printf '%s  %s\n' "$got" "$name" >>"$sums"
    echo "$name: its checksum is now in $sums; compare it with the release's, and commit it" >&2
elif [ "$known" != "$got" ]; then
    rm ".tools/cluster/$name.part"
    echo "$name: the checksum is $got, not $known as in $sums: this is not the file that was there" >&2
    exit 1
fi
mv ".tools/cluster/$name.part" ".tools/cluster/$name"
