"""What the formats share that describe one system's energy."""

from __future__ import annotations

import uuid

from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.validity import by_cause
from wattbench_reports.tables.header_record import MachineRecord
from wattbench_reports.wording import throughput

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pypi.org/project/wattbench/")


def name_uuid(analysis: Analysis, *parts: str) -> uuid.UUID:
    """Return the UUID (version 5) of a part of a run's export: the same whenever the run is exported."""
    return uuid.uuid5(
        _NAMESPACE, "\0".join((analysis.comparison.run, *parts)).encode("utf-8", "backslashreplace").hex()
    )


def valid_energy(analysis: Analysis, system: str) -> SystemSplit | None:
    """Return a system's joules; None where it has none, or where they are not valid."""
    split = analysis.comparison.splits[system]
    return split if split.j_per_request is not None and analysis.judged[system].valid else None


def why_no_energy(analysis: Analysis, system: str) -> str:
    """Return why `valid_energy` is None, as a sentence without its full stop."""
    judged = analysis.judged[system]
    if analysis.comparison.splits[system].j_per_request is None or not judged.causes:
        return f"no joules of {system} were measured"
    return f"{judged.invalid} of {judged.windows} measured windows of {system} are not valid ({by_cause([judged])})"


def throughput_of(analysis: Analysis, system: str) -> dict[str, str]:
    """Return what a system served per second and at which load, as far as it is known: name to figure."""
    figures = next(each for each in analysis.comparison.systems if each.system == system)
    known = {}
    if figures.requests_per_s is not None:
        known["requests per second"] = throughput.requests(figures)
    if figures.output_tokens_per_s is not None:
        known["output tokens per second"] = throughput.output_tokens(figures)
    if known and figures.requests_in_flight is not None:
        known["mean requests in flight"] = throughput.in_flight(figures.requests_in_flight)
    return known


def machine_of(analysis: Analysis, system: str) -> MachineRecord:
    """Return the machine that answered, as far as it is recorded.

    Raises:
        UserError: nothing of its hardware is recorded.
    """
    record = analysis.frames.record
    machine = record.machine
    if record.imported is not None:
        machine = MachineRecord.of(record.imported.machines.get(system, {}))
    if not machine.cpu and not machine.gpus and machine.memory_bytes is None:
        raise UserError(f"nothing of the machine of {system} is recorded (processor, GPUs, memory)")
    return machine
