#!/usr/bin/env bash
# Guess: scipy.stats.binom.cdf is 0 only where the probability is below the smallest double, 5e-324;
# and logcdf, which is there for such tails, is finite further down.
# What happens: with 1,074 even trials 15 successes or fewer have 1e-290, as they should; with 1,075
# trials the answer is 0, and logcdf is -inf, for whatever is below about 1e-250. 0.5**1075 is 0 in
# doubles, 0.5**1074 the last that is not.
# Who is hurt: tests on many pairs (McNemar's, the sign test) say p = 0, and its logarithm ends a run.
# Workaround: sums of math.lgamma, or whole numbers: fractions.Fraction(sum of math.comb, 2**n).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1
nice "$folder/venv/bin/python" - <<'PY'
from fractions import Fraction
from math import comb, isclose

import scipy
from scipy.stats import binom, binomtest

print("scipy", scipy.__version__)


def exact(k, n):
    return float(Fraction(sum(comb(n, j) for j in range(k + 1)), 2**n))


for n, k in ((1074, 15), (1075, 15), (1075, 38), (1075, 40)):
    print(f"n={n} k={k}: exact {exact(k, n):.3e}, cdf {binom.cdf(k, n, 0.5):.3e}, "
          f"logcdf {binom.logcdf(k, n, 0.5):.1f}, binomtest {binomtest(k, n).pvalue:.3e}")
assert isclose(binom.cdf(15, 1074, 0.5), exact(15, 1074), rel_tol=1e-6)
assert isclose(binom.cdf(40, 1075, 0.5), exact(40, 1075), rel_tol=1e-6)
changed = "the behaviour has changed: small tails are kept"
assert binom.cdf(38, 1075, 0.5) == 0 < exact(38, 1075), changed
assert binomtest(15, 1075).pvalue == 0, changed
PY
