#!/usr/bin/env bash
# Guess: ReduceLROnPlateau lowers the learning rate when the watched number has stood still for
# longer than the patience, whatever its sign.
# What happens: an improvement has to be by a relative 0.0001, and the bar is best * (1 - 0.0001)
# for a minimum: for a negative best, that lies on the wrong side. Standing still, and even
# getting a little worse, counts as an improvement each time, and the learning rate is never
# lowered. The same with mode="max" and a negative score.
# Who is hurt: those who watch a log-likelihood, a negated accuracy or any loss that may fall
# below 0: the schedule does nothing for the rest of the training.
# Workaround: threshold_mode="abs".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import torch

print("torch", torch.__version__)


def rates(values, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, **options)
    seen = []
    for value in values:
        schedule.step(value)
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


still, worse = [1.0] * 6, [-1 + 0.00001 * i for i in range(6)]
expected = rates(still)
print("loss 1.0 six times: expected and seen", expected)
assert expected[-1] < 1
for name, values in (("-1.0 six times", [-1.0] * 6), ("slowly rising from -1.0", worse)):
    seen, mended = rates(values), rates(values, threshold_mode="abs")
    print(f"loss {name}: expected {expected}, seen {seen}; threshold_mode='abs' {mended}")
    assert seen == [1.0] * 6, "the behaviour has changed: the rate is lowered"
    assert mended == expected, "the workaround fails"
PY
