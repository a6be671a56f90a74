"""Write a BoAmps report: the energy of one system's requests, in Boavizta's format for sharing such measures.

Source: github.com/Boavizta/BoAmps, `model/report_schema.json` and what it refers to, at the commit of
`SPECIFICATION` (CC BY 4.0); release note 1.1.0. Energies are in kWh at the machine, without the building's share (PUE).
An optional field that the run does not record is left out: who publishes the report, its licence, the cloud.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from wattbench.errors import UserError
from wattbench.records import SystemRow
from wattbench.records.rows.components import kind_of
from wattbench.records.schema.header import MachineRecord
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.interchange.run_times import finished_s, metered_time
from wattbench_reports.formatting.json_text import json_text
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, FlatIntensity
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.validity import by_cause
from wattbench_reports.tables import provenance
from wattbench_reports.wording import throughput

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/3bfefec8446ee196d1723c0e35859eb7762da3c9/model"

BYTES_PER_GB = 1e9
PARAMETERS_PER_UNIT = 1e9
"""BoAmps counts parameters in billions."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pypi.org/project/wattbench/")


def boamps_report(measured: Measured, emitted: Emitted, comparison: Comparison, system: str) -> str:
    """Return the BoAmps report of one system as JSON.

    Raises:
        UserError: the system has no valid joules, or nothing is known of its machine: the format requires both.
    """
    split = _valid_energy(measured, system)
    if split is None or split.j_per_request is None:
        raise UserError(f"a BoAmps report states the energy, and {_why_no_energy(measured, system)}")
    machine = _machine_of(measured, system)
    report: dict[str, Any] = {
        "header": _header(measured, system),
        "task": _task(measured, comparison, system, split),
        "measures": [_measure(measured, system, split, split.j_per_request)],
    }
    if machine.os:
        report["system"] = {"os": machine.os}
    if machine.python:
        report["software"] = {"language": "python", "version": machine.python}
    # A run does not record whether its machine is hired.
    report["infrastructure"] = {"infraType": "other", "components": list(_components(machine))}
    report |= _environment(emitted)
    return json_text(report)


def _header(measured: Measured, system: str) -> dict[str, Any]:
    finished = finished_s(measured.frames.run)
    if finished is None:
        raise UserError("a BoAmps report states when it was made, and the run's times are damaged")
    return {
        "formatVersion": VERSION,
        "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": str(_name_uuid(measured, "boamps", system)),
        "reportDatetime": _moment(finished),
    }


def _task(measured: Measured, comparison: Comparison, system: str, split: SystemSplit) -> dict[str, Any]:
    accuracy = measured.systems[system].accuracy
    task: dict[str, Any] = {
        "taskStage": "inference",
        "taskFamily": "text generation",
        "nbRequest": split.requests,
        "algorithms": list(_algorithms(measured, system)),
        "dataset": [_dataset(measured, system, usage) for usage in ("input", "output")],
    }
    if accuracy is not None:
        task["measuredAccuracy"] = float(min(1.0, max(0.0, accuracy.estimate)))
    task["taskDescription"] = _description(measured, comparison, system, split)
    return task


def _description(measured: Measured, comparison: Comparison, system: str, split: SystemSplit) -> str:
    tasks = ", ".join(dict.fromkeys(measured.frames.categories("task")))
    said = [
        f"Run {measured.run} of suite {measured.suite}: {tasks}",
        f"powerConsumption is of {split.requests} requests, each counted once, at the machine, without the building's "
        "share (PUE), loading and idling",
        f"Joules: {provenance.explained([split.provenance])}",
    ]
    said += [f"{name[0].upper()}{name[1:]}: {value}" for name, value in _throughput_of(comparison, system).items()]
    if measured.machines is not None:
        said.append("Several machines measured; infrastructure is of the one that began the run")
    return f"{'. '.join(said)}."


def _algorithms(measured: Measured, system: str) -> Iterator[dict[str, Any]]:
    rows = measured.frames.run.systems()
    row = rows.get(system)
    yield _algorithm(system, measured.kinds[system], row)
    for member in () if row is None else (*row.members, *row.experts):
        known = rows.get(member)
        yield _algorithm(member, None if known is None else known.kind, known)


def _algorithm(name: str, kind: str | None, row: SystemRow | None) -> dict[str, Any]:
    algorithm: dict[str, Any] = {"algorithmName": name}
    if kind is not None:
        algorithm["algorithmType"] = kind
    if row is None:
        return algorithm
    parameters = None if row.parameters_total is None else row.parameters_total / PARAMETERS_PER_UNIT
    known = {
        "foundationModelName": row.served_model,
        "parametersNumber": parameters,
        "framework": row.engine or None,
        "frameworkVersion": row.engine_version,
        "quantization": row.dtype,
    }
    return algorithm | {key: value for key, value in known.items() if value is not None}


def _dataset(measured: Measured, system: str, usage: str) -> dict[str, Any]:
    """Return the mean tokens of a single request, as the format asks for; one text where tokens are not counted."""
    frames = measured.frames
    rows = frames.answers_of(system)
    column = "prompt_tokens" if usage == "input" else "output_tokens"
    tokens = frames.further(column)(rows) if usage == "input" else frames.figures(column, rows)
    of_metered = np.asarray(tokens, dtype=np.float64)[~np.isnan(frames.figures("energy_j", rows))]
    if len(of_metered) and np.isfinite(of_metered).all():
        return {"dataUsage": usage, "dataType": "token", "dataQuantity": float(of_metered.mean())}
    return {"dataUsage": usage, "dataType": "text", "dataQuantity": 1}


def _measure(measured: Measured, system: str, split: SystemSplit, j_per_request: float) -> dict[str, Any]:
    record, time = measured.frames.record, metered_time(measured, system)
    if record.imported is not None:
        measure: dict[str, Any] = {"measurementMethod": record.imported.source or "imported"}
    else:
        measure = {"measurementMethod": f"wattbench ({split.provenance})"}
        version = (record.machine.packages or {}).get("wattbench")
        if isinstance(version, str):
            measure["version"] = version
        measure |= _tracking(measured, split)
    measure["powerConsumption"] = j_per_request * split.requests / JOULES_PER_KWH
    if time is not None:
        measure |= {"measurementDuration": time.seconds, "measurementDateTime": _moment(time.started_s)}
    return measure


def _tracking(measured: Measured, split: SystemSplit) -> dict[str, str]:
    """Name the meters of the processor and of the GPUs, where they were metered separately."""
    tracking = {}
    for kind in ("cpu", "gpu"):
        parts = [part for part in split.components if kind_of(part.name) == kind]
        meters = {measured.frames.record.meters[part.name].meter for part in parts if
                  part.name in measured.frames.record.meters}  # fmt: skip
        how = [*sorted(meters - {""}), provenance.joined(part.provenance for part in parts)]
        if parts:
            tracking[f"{kind}TrackingMode"] = ", ".join(each for each in dict.fromkeys(how) if each)
    return tracking


def _components(machine: MachineRecord) -> Iterator[dict[str, Any]]:
    if machine.cpu:
        # As BoAmps' own example has it: the logical processors of one model.
        yield {"componentName": machine.cpu, "componentType": "cpu", "nbComponent": machine.logical_cpus or 1}
    for name, count in sorted(Counter(gpu.name for gpu in machine.gpus).items()):
        yield {"componentName": name, "componentType": "gpu", "nbComponent": count}
    if machine.memory_bytes is not None:
        yield {"componentType": "ram", "nbComponent": 1, "memorySize": machine.memory_bytes / BYTES_PER_GB}


def _environment(emitted: Emitted) -> dict[str, Any]:
    """Return the format's block on the environment. Empty without a country, which the block requires."""
    carbon = emitted.carbon
    if carbon is None or carbon.grid is None:
        return {}
    environment: dict[str, Any] = {"country": carbon.grid.country}
    if isinstance(carbon.intensity, FlatIntensity):
        environment["powerSourceCarbonIntensity"] = carbon.intensity.g_per_kwh
    return {"environment": environment}


def _moment(seconds: float) -> str:
    """Return a time in UTC in the format of the report."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _name_uuid(measured: Measured, *parts: str) -> uuid.UUID:
    """Return the UUID (version 5) of a part of a run's export: the same whenever the run is exported."""
    return uuid.uuid5(_NAMESPACE, "\0".join((measured.run, *parts)).encode("utf-8", "backslashreplace").hex())


def _valid_energy(measured: Measured, system: str) -> SystemSplit | None:
    """Return a system's joules; None where it has none, or where they are not valid."""
    split = measured.splits[system]
    return split if split.j_per_request is not None and measured.judged[system].valid else None


def _why_no_energy(measured: Measured, system: str) -> str:
    """Return why `_valid_energy` returns none, as a sentence without its full stop."""
    judged = measured.judged[system]
    if measured.splits[system].j_per_request is None or not judged.causes:
        return f"no joules of {system} were measured"
    return f"{judged.invalid} of {judged.windows} measured windows of {system} are not valid ({by_cause([judged])})"


def _throughput_of(comparison: Comparison, system: str) -> dict[str, str]:
    """Map the names of a system's throughput figures, and of its load, to their texts. Unknown figures are left out."""
    figures = next(each for each in comparison.systems if each.system == system)
    known = {}
    if figures.requests_per_s is not None:
        known["requests per second"] = throughput.requests(figures)
    if figures.output_tokens_per_s is not None:
        known["output tokens per second"] = throughput.output_tokens(figures)
    if known and figures.requests_in_flight is not None:
        known["mean requests in flight"] = throughput.in_flight(figures.requests_in_flight)
    return known


def _machine_of(measured: Measured, system: str) -> MachineRecord:
    """Return the machine that answered, as far as it is recorded.

    Raises:
        UserError: nothing of its hardware is recorded.
    """
    record = measured.frames.record
    machine = record.machine
    if record.imported is not None:
        machine = MachineRecord.of(record.imported.machines.get(system)) or MachineRecord()
    if not machine.cpu and not machine.gpus and machine.memory_bytes is None:
        raise UserError(f"nothing of the machine of {system} is recorded (processor, GPUs, memory)")
    return machine
