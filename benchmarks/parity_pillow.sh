#!/usr/bin/env bash
# The pixels of training and those of exported files under several versions of Pillow, each installed
# into a folder of its own: benchmarks/parity_pillow.sh [options of benchmarks.parity]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for version in 11.3.0 12.2.0 13.0.0; do
  "$python" -m pip install --quiet --no-deps --target "$place/$version" "pillow==$version"
  echo "Pillow $version"
  PYTHONPATH="$place/$version:$PWD" "$python" -m benchmarks.parity --zoo "$@" 2>/dev/null
done
