"""
Throws broken envelopes and images at what reads them: `python -m tests.fuzz --count 1000000 --seed 7`.

Each input, one of each, has a number from which it is made; a failure names it, and
`--first NUMBER --count 1` makes it again. The exit status is 1 when anything but a refusal came out,
or memory grew.
"""

import argparse
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.trial import tried

EVERY = 50_000
"""Inputs between two lines of progress."""
WARM = 10_000
"""Inputs after which every cache is full."""
MAX_TAKEN_MIB = 64.0
"""That one input may take; the largest image that is decoded here has 3 MB."""
MAX_GROWN_MIB = 32.0
"""That is left of all of them together."""
SHOWN_FAILURES = 20


def main() -> int:
    """Run until the last input or Ctrl-C; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--decoded-share", type=float, default=0.2, help="of the images with a good header")
    arguments = parser.parse_args()
    _silence_libjpeg()

    ends: Counter[str] = Counter()
    done = failures = 0
    warm_mib, peak_mib, began_at = resident_mib(), most_resident_mib(), time.monotonic()
    try:
        for number in range(arguments.first, arguments.first + arguments.count):
            draw = random.Random(f"{arguments.seed}/{number}")
            failure = ""
            try:
                ends.update(tried(draw, arguments.decoded_share))
            except Exception:
                failure = traceback.format_exc()
            before_mib, peak_mib = peak_mib, most_resident_mib()
            if peak_mib > before_mib + MAX_TAKEN_MIB:
                failure += f"took {peak_mib - before_mib:.0f} MiB"
            if failure:
                failures += 1
                if failures <= SHOWN_FAILURES:
                    print(f"input {number} of seed {arguments.seed}: {failure}", flush=True)
            done = number - arguments.first + 1
            if done == WARM:
                warm_mib = resident_mib()
            if done % EVERY == 0:
                took_s = time.monotonic() - began_at
                print(f"{done:>9} inputs {took_s:7.1f} s {resident_mib():7.1f} MiB", flush=True)
    except KeyboardInterrupt:
        print("stopped")
    grown_mib = resident_mib() - warm_mib
    for end, count in ends.most_common():
        print(f"{count:>9} {end}")
    print(
        f"{done} inputs in {time.monotonic() - began_at:.0f} s, {failures} failures; "
        f"{warm_mib:.1f} MiB at first, {grown_mib:+.1f} at the end, {peak_mib:.1f} at most"
    )
    return 1 if failures or grown_mib > MAX_GROWN_MIB else 0


def resident_mib() -> float:
    """Memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def most_resident_mib() -> float:
    """The most that it had so far; more, if the process that started it had more."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _silence_libjpeg() -> None:
    """It writes a line about each broken image to the process's stderr, past Python's."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = sys.stdout


if __name__ == "__main__":
    sys.exit(main())
