#!/usr/bin/env bash
# What can be known on a machine with an NVIDIA card alone: the tests of tests/gpu, and a ResNet-18
# beside plain loops of torch. Needs no network and changes nothing outside $OUT and a folder of
# its own under /tmp.
#
#     tests/gpu/run.sh FOLDER        # FOLDER: made by tests/gpu/prepare.py
#
# PYTHON names the Python that has torch (else python3), OUT the folder for results (else
# gpu-results), DEVICE=cpu tries all of it on a processor, at a small size.
set -euo pipefail

folder=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
python=${PYTHON:-python3}
out=$(realpath -m "${OUT:-gpu-results}")
device=${DEVICE:-cuda}
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
mkdir -p "$out"
cd "$root"

"$python" tests/gpu/missing.py "$folder/wheels" > "$own/missing"
if [ -s "$own/missing" ]; then
  echo "installing what is missing: $(tr '\n' ' ' < "$own/missing")"
  "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$own/site" \
    --requirement "$own/missing"
fi
export PYTHONPATH="$root:$root/tests:$own/site" PYTHONUNBUFFERED=1 STRIATE_CACHE="$own/cache"
export GPU_TESTS_DEVICE="$device" GPU_TESTS_FOLDER="$folder"

status=0
begun=$SECONDS
# a warning of another version of a library fails no test here
timeout 200 "$python" -m pytest tests/gpu -m "slow or not slow" -p no:cacheprovider -p no:xdist \
  -W default -rA -s --durations=0 2>&1 | tee "$out/tests.txt" || status=1
echo "tests: $((SECONDS - begun)) s"
begun=$SECONDS
timeout 270 "$python" -m benchmarks.gpu --photos "$folder/photos" --device "$device" --minutes 3.5 \
  --peers "$python" --out "$out" 2>&1 | tee "$out/benchmark.txt" || status=1
echo "benchmark: $((SECONDS - begun)) s"
exit $status
