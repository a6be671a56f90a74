"""`python -m tests.fuzz [SECONDS] [--target NAME ...] [--seed N] [--keep FOLDER]`: the long tier.

SECONDS are of all targets together, WATTBENCH_FUZZ_S or 300 if not given. An input that fails is kept in FOLDER
(`fuzz-faults` if not given) with what it broke; once that is mended, it goes to `tests/fuzz/corpus/<target>/`, under a
name that says why it failed. The exit status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

from tests.fuzz.long_tier import as_table, attack, keep
from tests.fuzz.targets import Target

FAMILIES = ("suites", "options", "records", "gates", "routes", "imports", "meters", "servers", "own_files")
DEFAULT_S = 300.0


def all_targets() -> list[Target]:
    """Return the targets of every family."""
    return [
        target for family in FAMILIES for target in importlib.import_module(f"tests.fuzz.families.{family}").TARGETS
    ]


def main() -> int:
    """Attack the targets that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "seconds", nargs="?", type=float, default=float(os.environ.get("WATTBENCH_FUZZ_S") or DEFAULT_S)
    )
    parser.add_argument("--target", action="append", metavar="NAME")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: another one each time")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"), metavar="FOLDER")
    given = parser.parse_args()
    targets = [target for target in all_targets() if not given.target or target.name in given.target]
    if not targets:
        parser.error(f"no such target; there are {', '.join(target.name for target in all_targets())}")
    print(f"seed {given.seed}", flush=True)  # noqa: T201 - this is the command's output
    outcomes = []
    for target in targets:
        outcome = attack(target, given.seconds / len(targets), given.seed)
        outcomes.append(outcome)
        paths = keep(outcome, given.keep, target.form)
        for path, what in zip(paths, outcome.faults, strict=True):
            print(f"{target.name}: {what}: {path}", flush=True)  # noqa: T201
    print(as_table(outcomes))  # noqa: T201
    return 1 if any(outcome.faults for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
