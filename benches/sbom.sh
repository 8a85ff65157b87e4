#!/usr/bin/env bash
# Lists the packages of real layers and images with layerproof, in turn with the least that it can cost and with trivy and syft where they are,
# and prints CPU seconds, wall seconds and peak memory, medians. benches/README.md says more.
#
#   SBOM_BENCH_DIR=DIR benches/sbom.sh [RUNS] [INPUT...]
#
# DIR holds `inputs/NAME.zip` and `inputs/img-NAME/` (OCI layouts); `tools/trivy/bin/trivy` and `tools/syft` are used where they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-5}
shift || true
: "${SBOM_BENCH_DIR:?names the folder of the inputs}"
target=${CARGO_TARGET_DIR:-target}

cargo build --release --locked --quiet
# Without the AWS SDK, which has no part in this.
cargo build --release --locked --quiet --no-default-features --example sbom_floor --target-dir "$target/no-aws"

exec python3 benches/sbom.py "$SBOM_BENCH_DIR" "$target/release/layerproof" "$target/no-aws/release/examples/sbom_floor" "$runs" "$@"
