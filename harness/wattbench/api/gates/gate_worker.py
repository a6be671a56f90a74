"""The process that measures a gate on a slot of a cluster: `python -m wattbench.api.gates.gate_worker FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.gates.measure_gate import GateJob, measure_new
from wattbench.api.suite_runs import load, requiring
from wattbench.distributed.same_work import check_same_files, check_same_versions, files_of, versions
from wattbench.distributed.worker import WorkerLink, serve
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.config import Resolved

WORKER = "wattbench.api.gates.gate_worker"


def gate_to_begin(job: GateJob) -> dict[str, Any]:
    """Return what the worker is to be sent of a gate.

    Raises:
        UserError: the suite cannot be read.
    """
    resolved = _suite_of(job)
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
    job = _job(begin["job"])
    _check_same_suite(job, begin["suite_sha256"])
    link.say("ready")
    for message in messages:
        roots: list[Path] = []
        notes = measure_new(job, folder / "shards", roots.append)
        link.say("done", block=message["block"], shard=roots[0].name, notes=notes)


def _job(sent: Mapping[str, Any]) -> GateJob:
    policy = sent["policy_file"]
    return GateJob(**{**sent, "policy_file": None if policy is None else Path(policy)})


def _suite_of(job: GateJob) -> Resolved:
    return requiring(load(job.suite, tasks=job.tasks, limit=job.limit), job.require_measured)


def _check_same_suite(job: GateJob, sha256: str) -> None:
    """Check that the suite is the driver's.

    Raises:
        UserError: it is not.
    """
    if _suite_of(job).sha256 != sha256:
        raise UserError(f"{job.suite} differs from the driver's. Put the same suite under the same path on every node")


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], _work))
