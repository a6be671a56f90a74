"""Run pytest in three parts: what may run side by side, what mostly waits, and what must run one at a time.

    python tests/run.py [PYTEST ARGUMENTS]

`tests/parts.py` says which test belongs to which part. What mostly waits, and then what must run one at a time, runs at
the same time as the first part, whose processes have a lower priority, so that it is not late for want of a processor.
At the end, a few failed tests are run once more, alone: a machine that other guests share may be late for any of them.
Those that pass then are named, and do not fail the run.

The last line adds the parts up in pytest's own form; the exit status is that of the first part that failed.
WATTBENCH_WORKERS is the number of workers of the first part: one more than there are usable processors unless set, as a
test often waits for a process or a page; 0 runs everything in one process.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.preloaded import ADDRESS_VARIABLE, offline, serving  # noqa: E402
from tests.parts import (  # noqa: E402
    FAILED_VARIABLE,
    FILES_VARIABLE,
    PART_VARIABLE,
    PARTS,
    SERIAL,
    SIDE_BY_SIDE,
    TIMED,
    files_of,
)

SOME_FAILED, NO_TESTS = 1, 5
"""pytest's exit status where tests failed, and where no test was selected."""
MOST_RUN_AGAIN = 5
"""More failed tests than a slow moment of the machine explains."""
OUTCOMES = ("failed", "passed", "skipped", "xfailed", "xpassed", "error")
CLOSING = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s\b.*$")
# Workers share the cores: the threads that a numerical library would start in each only get in each other's way. Those
# of a model that asks for two wait asleep: OpenMP's would spin, for most of the processor time where cores are shared.
SHARED_CORES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
PROCESSORS = len(os.sched_getaffinity(0))
LOOK_EVERY_S = 0.2
TIMED_WORKERS = max(1, PROCESSORS // 2)
"""Workers for tests that mostly wait: they end long before the first part, and each worker imports all."""


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


def show_line(line: str) -> None:
    """Print what pytest printed, at once."""
    sys.stdout.write(line)
    sys.stdout.flush()


Result = tuple[int, Counter[str]]
"""Pytest's exit status, and what its closing line counts."""


def run_pytest(arguments: Sequence[str], variables: dict[str, str], show: Callable[[str], None] = show_line) -> Result:
    """Run pytest, and hand on each line that it prints."""
    command = [sys.executable, "-m", "pytest", *arguments]
    found = Counter[str]()
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace", env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            show(line)
            if CLOSING.match(line):
                found = counts(line)
    return process.returncode, found


def run_part(
    part: str,
    arguments: Sequence[str],
    workers: int,
    listed: Path,
    variables: Mapping[str, str],
    show: Callable[[str], None] = show_line,
) -> Result:
    """Run one part of the tests that the arguments select, with these environment variables too."""
    files = None if part == SIDE_BY_SIDE else files_of(part, listed)
    if files == []:
        return NO_TESTS, Counter()
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {PART_VARIABLE: part, FILES_VARIABLE: str(listed), "PYTHONPATH": path}
    options = {
        # tests/shares.py hands out files: of those that all workers have the slow ones first (tests/tiers.py)
        SIDE_BY_SIDE: ["-n", str(workers), "--dist", "loadfile"],
        TIMED: ["-n", str(min(TIMED_WORKERS, len(files or [])) or 1), "--dist", "loadfile"],
        SERIAL: [],
    }
    if part != SERIAL:
        own |= SHARED_CORES
    return run_pytest([*arguments, "-p", "tests.parts", *options[part]], {**variables, **own}, show)


def run_parts(arguments: Sequence[str], workers: int, folder: Path) -> tuple[list[Result], list[str]]:
    """Run the parts, and return the result of each, and the ids of tests that failed.

    What mostly waits starts as soon as the first part has listed its files, and then what must run one at a time; both
    are shown when the first part has ended. All parts have their commands run by the same preloaded process.
    """
    listed = folder / "files.json"
    written = {part: folder / f"failed {part}.txt" for part in PARTS}
    with serving(offline() | SHARED_CORES) as preloaded, ThreadPoolExecutor() as pool:
        shared = {ADDRESS_VARIABLE: preloaded.address}
        variables = {part: shared | {FAILED_VARIABLE: str(written[part])} for part in PARTS}
        run = {part: partial(run_part, part, arguments, workers, listed, variables[part]) for part in PARTS}
        first = pool.submit(run[SIDE_BY_SIDE])
        while not (listed.exists() or wait([first], LOOK_EVERY_S).done):
            pass
        lines: list[str] = []
        others = pool.submit(lambda: [run[part](lines.append) for part in (TIMED, SERIAL)])
        results = [first.result(), *others.result()]
    show_line("".join(lines))
    ids = (each for file in written.values() if file.exists() for each in file.read_text().splitlines())
    return results, [*dict.fromkeys(ids)]  # an xdist worker may write its own, too


def passed_alone(failed: Sequence[str]) -> bool:
    """Run failed tests again, alone, and return whether all of them pass; say which do."""
    if not 0 < len(failed) <= MOST_RUN_AGAIN:
        return False
    print(f"{len(failed)} failed. Once more, alone: {', '.join(failed)}", flush=True)  # noqa: T201
    status, _ = run_pytest(failed, {})
    if status == 0:
        print(f"failed first, passed alone: {', '.join(failed)}", flush=True)  # noqa: T201
    return status == 0


def main(arguments: Sequence[str]) -> int:
    """Run all parts."""
    started_s = time.monotonic()
    workers = int(os.environ.get("WATTBENCH_WORKERS") or PROCESSORS + 1)
    if workers == 0:
        results = [run_pytest(arguments, {})]
        failed: list[str] = []
    else:
        with tempfile.TemporaryDirectory() as folder:
            results, failed = run_parts(arguments, workers, Path(folder))
    total = sum((found for _, found in results), Counter[str]())
    statuses = {status for status, _ in results if status not in (0, NO_TESTS)}
    if statuses == {SOME_FAILED} and passed_alone(failed):
        statuses = set()
        total["passed"] += total.pop("failed", 0) + total.pop("error", 0)
    print(closing_line(total, time.monotonic() - started_s), flush=True)  # noqa: T201 - this is the command's output
    if statuses:
        return next(status for status, _ in results if status in statuses)
    return NO_TESTS if all(status == NO_TESTS for status, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
