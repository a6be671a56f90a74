"""Kill workers, actors, nodes and drivers of runs on two hosts at random moments, and record what came of it."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.cluster_kills.hosts import namespaces, ray_test_cluster
from benchmarks.cluster_kills.kill import PARTS, ClusterKill, killed_run, single
from benchmarks.written_tables import note

KINDS = {"namespaces": namespaces, "test-cluster": ray_test_cluster}

KILLS_OF_A_RUN = 5
"""At most."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as `python -m benchmarks.cluster_kills`; return 1 if anything was lost, doubled or left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hosts", choices=[*KINDS], default="namespaces", help="namespaces need root")
    parser.add_argument("--out", type=Path, help="write all kills to this file, as JSON")
    options = parser.parse_args(arguments)
    done: list[ClusterKill] = []
    with tempfile.TemporaryDirectory(prefix="wbk-", ignore_cleanup_errors=True) as name:
        for each in _kills(Path(name), options.hosts, options.kills, options.seed):
            done.append(each)
            moment = f"{each.part} after {each.after_s} s, {each.blocks_before} blocks complete"
            note(f"{len(done)} in run {each.run}: {moment}{': ' if each.problems else ''}{'; '.join(each.problems)}")
            if options.out is not None:
                options.out.write_text(json.dumps([one.as_record() for one in done], indent=1) + "\n")
    problems = sum(bool(each.problems) for each in done)
    note(
        f"{len(done)} kills in {len({each.run for each in done})} runs, of which {problems} have lost or left something"
    )
    for part in PARTS:
        note(f"{part}: {sum(each.part == part for each in done)} kills")
    return int(problems > 0)


def _kills(folder: Path, kind: str, number: int, seed: int) -> Iterator[ClusterKill]:
    draw = random.Random(seed)
    of = single(folder / "single")
    with KINDS[kind](folder / "hosts") as hosts:
        done = run = 0
        while done < number:
            parts = [PARTS[(done + each) % len(PARTS)] for each in range(min(KILLS_OF_A_RUN, number - done))]
            kills = killed_run(hosts, kind, folder / "hosts", folder / f"run-{run}", run, parts, draw, of)
            done, run = done + len(kills), run + 1
            yield from kills


if __name__ == "__main__":
    sys.exit(main())
