"""How fast one filter over a photograph of 12 megapixels is, beside scipy.signal.correlate.

    OMP_NUM_THREADS=1 python benchmarks/convolve.py [--megapixels 12] [--repeats 3]

Both work in float64 on the same image; scipy is let choose its method, and asked to go directly
too. The best of the repeats counts. Times of a busy machine are only roughly valid; the ratio
is what is to be compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.signal import correlate

from striate.teaching.convolution import FILTERS, Filter, convolve

FILTERED = ("sharpen", "sobel-x", "blur")
SIZES = (5, 11)


def best(work: Callable[[], np.ndarray], repeats: int) -> tuple[float, np.ndarray]:
    """Give the shortest time in seconds, and the last result."""
    shortest, result = float("inf"), np.empty(0)
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, result


def compare(name: str, found: Filter, image: np.ndarray, repeats: int) -> str:
    """Time one filter against scipy's two ways, and give the largest difference to the direct."""
    kernel = found.weights[0]
    ours, result = best(lambda: convolve(image, found).map, repeats)
    double = image.astype(np.float64)
    chosen, _ = best(lambda: correlate(double, kernel, "valid"), repeats)
    direct, peer = best(lambda: correlate(double, kernel, "valid", "direct"), 1)
    difference = float(np.abs(result - peer).max())
    return (
        f"{name:14} {ours:6.2f} s  scipy {chosen:6.2f} s (ratio {ours / chosen:.2f})  "
        f"direct {direct:6.2f} s (ratio {ours / direct:.2f})  largest difference {difference:.2g}"
    )


def main() -> None:
    """Compare and print, a line a filter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = round((options.megapixels * 0.75e6) ** 0.5)
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (rows, rows * 4 // 3), dtype=np.uint8)
    print(f"{image.shape[0]}x{image.shape[1]} pixels, uint8")
    for name in FILTERED:
        print(compare(name, FILTERS[name], image, options.repeats))
    for side in SIZES:
        found = Filter.of(generator.normal(size=(side, side)))
        print(compare(f"numbers {side}x{side}", found, image, options.repeats))
    colours = generator.integers(0, 256, (*image.shape, 3), dtype=np.uint8)
    seconds, _ = best(lambda: convolve(colours, "sharpen").map, options.repeats)
    print(f"sharpen, three colours apart: {seconds:.2f} s")


if __name__ == "__main__":
    main()
