"""Run pytest in two parts: what may run side by side on several workers, then what must run alone (`serial`).

    python tests/run.py [PYTEST ARGUMENTS]

The last line adds both parts up in pytest's own form; the exit status is that of the first part that failed.
WATTBENCH_WORKERS is the number of workers: one per usable processor unless set; 0 runs everything in one process.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence

NO_TESTS = 5
"""pytest's exit status where no test was selected."""
OUTCOMES = ("failed", "passed", "skipped", "xfailed", "xpassed", "error")
CLOSING = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s\b.*$")
# Two workers share the cores: the threads that a numerical library would start in each only get in each other's way.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def counts(line: str) -> Counter[str]:
    """Read pytest's closing line, as in `== 1 failed, 20 passed, 3 warnings in 1.2s ==`."""
    found = Counter[str]()
    for number, outcome in re.findall(r"(\d+) ([a-z]+)", line):
        name = "error" if outcome == "errors" else outcome
        if name in OUTCOMES:
            found[name] += int(number)
    return found


def closing_line(total: Counter[str], seconds: float) -> str:
    """Write a closing line as pytest does."""
    shown = ", ".join(f"{total[name]} {name}" for name in OUTCOMES if total[name])
    return f" {shown or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


def marked(arguments: Sequence[str], expression: str) -> list[str]:
    """Narrow the arguments' own `-m` by an expression."""
    others, own = list(arguments), ""
    if "-m" in others[:-1]:
        place = others.index("-m")
        own = others[place + 1]
        del others[place : place + 2]
    return [*others, "-m", f"({own}) and {expression}" if own else expression]


def run_part(arguments: Sequence[str], environment: dict[str, str]) -> tuple[int, Counter[str]]:
    """Run pytest, pass on what it prints, and return its exit status and what its closing line counts."""
    command = [sys.executable, "-m", "pytest", *arguments]
    found = Counter[str]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace", env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if CLOSING.match(line):
                found = counts(line)
    return process.returncode, found


def main(arguments: Sequence[str]) -> int:
    """Run both parts."""
    started_s = time.monotonic()
    workers = int(os.environ.get("WATTBENCH_WORKERS") or len(os.sched_getaffinity(0)))
    parts = [(list(arguments), dict(os.environ))]
    if workers > 0:
        side_by_side = [*marked(arguments, "not serial"), "-n", str(workers), "--dist", "loadfile"]
        side_by_side.append("--no-loadscope-reorder")  # tests/tiers.py has put the slow files first
        parts = [(side_by_side, {**os.environ, **ONE_THREAD}), (marked(arguments, "serial"), dict(os.environ))]
    results = [run_part(*part) for part in parts]
    total = sum((found for _, found in results), Counter[str]())
    print(closing_line(total, time.monotonic() - started_s), flush=True)  # noqa: T201 - this is the command's output
    failed = [status for status, _ in results if status not in (0, NO_TESTS)]
    if failed:
        return failed[0]
    return NO_TESTS if all(status == NO_TESTS for status, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
