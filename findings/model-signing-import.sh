#!/usr/bin/env bash
# Guess: pip install model-signing gives a package that can be imported and a command that starts.
# What happens: neither: No module named 'OpenSSL'. It imports pyopenssl, which neither it nor
# what it needs declares; pip check finds nothing broken.
# Who is hurt: whoever renews an environment; signatures of models can then be neither made nor verified.
# Workaround: pip install model-signing pyopenssl.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check model-signing==1.1.1 sigstore==4.5.1 cryptography==50.0.2
cd "$folder"
starts() { nice venv/bin/model_signing --version 2>&1 | tail -n 1; }
echo "pip check: $(venv/bin/pip check)"
before=$(starts || true)
echo "expected: model_signing, version 1.1.1; seen: $before"
nice venv/bin/pip install --quiet --disable-pip-version-check pyopenssl==26.4.0
after=$(starts)
echo "with pyopenssl: $after"
[[ $before == *"No module named 'OpenSSL'"* ]] || { echo "the behaviour has changed" >&2; exit 1; }
[[ $after == *"version 1.1.1"* ]] || { echo "the workaround no longer works" >&2; exit 1; }
