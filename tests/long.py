"""`make test-long [PART=...]`: the long parts one after the other, and in the end which of them ran to the end.

A part is the tests that carry its mark, with `GONGJI_LONG=1`, by which they take their long figures (100,000 deaths, 25 kills);
`python -m tests.long PART [pytest options]` runs one, `GONGJI_SEED` resumes it from a seed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

PARTS = {"sim": "simulation", "faults": "faults", "oracle": "oracle", "notify": "notify", "scale": "scale"}
MINUTES = 60
NO_TESTS = 5  # pytest's exit code


def run(part: str, options: list[str]) -> str:
    """Run one part; returns how it ended, in words."""
    argv = [sys.executable, "-m", "pytest", "-m", PARTS[part], "--timeout=0", "-s", *options]
    try:
        code = subprocess.run(
            argv, check=False, timeout=MINUTES * 60, env=os.environ | {"GONGJI_LONG": "1"}
        ).returncode
    except subprocess.TimeoutExpired:
        return f"STOPPED after {MINUTES} minutes"
    return {0: "passed", NO_TESTS: "has no tests"}.get(code, f"FAILED ({code})")


def main(arguments: list[str]) -> int:
    """0 if every part passed or is empty."""
    named = [name for name in arguments[:1] if name in PARTS]
    if arguments[:1] and not named:
        print(f"there is no part {arguments[0]!r}; choose of {', '.join(PARTS)}")
        return 2
    ends = {}
    for part in named or PARTS:
        begun = time.monotonic()
        print(f"== {part}", flush=True)
        ends[part] = f"{run(part, arguments[1:])}, {(time.monotonic() - begun) / 60:.1f} min"
    for part, end in ends.items():
        print(f"{part:8} {end}")
    return int(any("FAILED" in end or "STOPPED" in end for end in ends.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
