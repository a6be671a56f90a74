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
from benchmarks.cluster_kills.kill import PARTS, ClusterKill, kill, seconds_undisturbed, single
from benchmarks.written_tables import note

KINDS = {"namespaces": namespaces, "test-cluster": ray_test_cluster}

STARTING = 5
"""Every fifth kill is while workers start, the others while they ask."""


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
            outcome = "; ".join(each.problems) or "nothing lost"
            moment = f"{each.part} after {each.after_s} s, {each.blocks_before} blocks complete"
            note(f"{len(done)} {moment}{'' if each.killed else ', and had ended'}: {outcome}")
            if options.out is not None:
                options.out.write_text(json.dumps([one.as_record() for one in done], indent=1) + "\n")
        failed = [each for each in done if each.problems]
    for part in PARTS:
        of_part = [each for each in done if each.part == part and each.killed]
        note(f"{part}: {len(of_part)} kills, {sum(bool(each.problems) for each in of_part)} with problems")
    return int(bool(failed))


def _kills(folder: Path, kind: str, number: int, seed: int) -> Iterator[ClusterKill]:
    draw = random.Random(seed)
    of = single(folder / "single")
    with KINDS[kind](folder / "hosts") as hosts:
        start_s, asking_s = seconds_undisturbed(hosts, folder / "undisturbed")
        note(f"a run takes {start_s:.1f} s to its first answer, and {asking_s:.1f} s from there")
        for count in range(number):
            part = PARTS[count % len(PARTS)]
            asking = count % STARTING != STARTING - 1
            after_s = draw.uniform(0.0, asking_s if asking else start_s)
            yield kill(hosts, kind, folder / "hosts", folder / f"kill-{count}", part, asking, after_s, draw, of)


if __name__ == "__main__":
    sys.exit(main())
