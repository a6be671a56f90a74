"""Measure a gate on a slot of a cluster, in its own process: `python -m wattbench.api.gates.gate_worker FOLDER`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wattbench.api.gates.measure_gate import GateJob, measure_new
from wattbench.distributed.same_work import check_same_files, check_same_versions, files_of, versions
from wattbench.distributed.worker import WorkerLink, serve
from wattbench.errors import UserError

WORKER = "wattbench.api.gates.gate_worker"


def gate_to_begin(job: GateJob) -> dict[str, Any]:
    """Return the message that starts a gate on a worker.

    Raises:
        UserError: the suite cannot be read.
    """
    resolved = job.resolved()
    policy = None if job.policy_file is None else str(job.policy_file.absolute())
    files = files_of(resolved.as_record()) | files_of({"policy": policy})
    sent = {**asdict(job), "policy_file": policy}
    sent["suite"] = str(Path(job.suite).absolute()) if Path(job.suite).is_file() else job.suite
    return {"versions": versions(), "files": files, "suite_sha256": resolved.sha256, "job": sent}


def _work(link: WorkerLink, folder: Path, _: bool) -> None:
    messages = link.messages()
    begin = next(messages, None)
    if begin is None:
        return
    check_same_versions(begin["versions"])
    check_same_files(begin["files"])
    sent, policy = begin["job"], begin["job"]["policy_file"]
    job = GateJob(**{**sent, "policy_file": None if policy is None else Path(policy)})
    if job.resolved().sha256 != begin["suite_sha256"]:
        raise UserError(f"{job.suite} differs from the driver's. Put the same suite under the same path on every node")
    link.say("ready")
    for message in messages:
        roots: list[Path] = []
        notes = measure_new(job, folder / "shards", roots.append)
        link.say("done", block=message["block"], shard=roots[0].name, notes=notes)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], _work))
