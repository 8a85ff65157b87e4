#!/usr/bin/env bash
# Pulls one image from docker-registry, in turn with `skopeo copy` to an OCI layout and with layerproof into an empty store, and prints
# medians. Everything is on this machine. benches/README.md says more.
#
#   benches/pull.sh [PAIRS]
set -euo pipefail
cd "$(dirname "$0")/.."

pairs=${1:-5}
tools=${LAYERPROOF_TEST_TOOLS:-target/test-tools}
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
target=${CARGO_TARGET_DIR:-target}
bin=$(scripts/fetch-registry-tools "$tools")

# Without the AWS SDK, which has no part in this.
cargo build --release --locked --quiet --no-default-features --example pull_image
ours=$target/release/examples/pull_image

image=$tools/bench-image
if [ ! -f "$image/done" ]; then
    rm -rf "$image"
    python3 benches/make_image.py "$image"
    touch "$image/done"
fi

bytes=$(cat "$image"/blobs/sha256/* | wc -c)

work=$(mktemp -d "$tools/bench.XXXXXX")
registry=
finish() {
    if [ -n "$registry" ]; then kill "$registry" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

# JSON is YAML.
printf '{"version": 0.1, "log": {"accesslog": {"disabled": true}}, "storage": {"filesystem": {"rootdirectory": "%s"}}, "http": {"addr": "127.0.0.1:0", "secret": "of a bench"}}' \
    "$work/registry" >"$work/registry.yml"
"$bin/docker-registry" serve "$work/registry.yml" >/dev/null 2>"$work/registry.log" &
registry=$!
host=
for _ in $(seq 100); do
    host=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
    [ -z "$host" ] || break
    sleep 0.1
done
[ -n "$host" ] || { cat "$work/registry.log" >&2; exit 1; }
skopeo() { HOME=$work "$bin/skopeo" --insecure-policy "$@"; }
skopeo copy -q --dest-tls-verify=false "oci:$image:bench" "docker://$host/bench/app:v1"
digest=$(sed -n 's/.*"digest": "\(sha256:[0-9a-f]*\)".*/\1/p' "$image/index.json")

# timed NAME COMMAND…: a line "wall user sys KiB" in NAME.times. What earlier runs left to be written is written first.
timed() {
    local name=$1
    shift
    sync
    # LANG: a decimal point in each locale.
    HOME=$work LC_ALL=C /usr/bin/time -a -o "$work/$name.times" -f '%e %U %S %M' "$@" >/dev/null
}
with_skopeo() {
    rm -rf "$work/layout"
    timed skopeo "$bin/skopeo" --insecure-policy copy -q --src-tls-verify=false "docker://$host/bench/app@$digest" "oci:$work/layout:v1"
}
with_ours() {
    rm -rf "$work/store"
    timed ours "$ours" "$work/store" "$host/bench/app@$digest"
    [ "$(du -sb "$work/store" | cut -f1)" -ge "$bytes" ] || { echo "the store does not hold the image" >&2; exit 1; }
}

# Once each that does not count: the files of the registry come into the page cache.
with_skopeo
with_ours
rm "$work"/*.times
for pair in $(seq "$pairs"); do
    if [ $((pair % 2)) -eq 1 ]; then with_skopeo; with_ours; else with_ours; with_skopeo; fi
done

# median FILE EXPRESSION
median() { awk "{ print $2 }" "$work/$1.times" | sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
largest() { awk '{ print $4 }' "$work/$1.times" | sort -n | tail -n 1; }

echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
echo "$((bytes / 1000000)) MB in 8 layers, $pairs pairs, docker-registry on loopback"
echo
echo "| | wall s, median | each | CPU s, median | peak RSS, MiB |"
echo "|---|---|---|---|---|"
for name in skopeo ours; do
    echo "| $name | $(median $name '$1') | $(cut -d' ' -f1 "$work/$name.times" | tr '\n' ' ')| $(median $name '$2+$3') | $(($(largest $name) / 1024)) |"
done
echo
awk -v ours="$(median ours '$1')" -v theirs="$(median skopeo '$1')" 'BEGIN { printf "ratio %.2f\n", ours / theirs }'
