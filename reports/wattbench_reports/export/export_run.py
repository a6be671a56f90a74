"""Export a run to a file of another format, as `wattbench runs export` does."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.errors import UserError, nearest
from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.export.comparison.compared_section import as_markdown
from wattbench_reports.export.frames.frame_files import (
    frame_as_csv,
    frame_as_parquet,
    parts_as_csv,
    parts_as_parquet,
)
from wattbench_reports.export.frames.items_frame import item_parts
from wattbench_reports.export.frames.judged_frame import judged_frame
from wattbench_reports.export.frames.machines_frame import machines_frame
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.export.frames.windows_frame import windows_frame
from wattbench_reports.export.interchange.agent_sessions import agent_sessions
from wattbench_reports.export.interchange.atif_trajectories import atif_lines
from wattbench_reports.export.interchange.boamps import boamps_report
from wattbench_reports.export.interchange.codecarbon_csv import emissions_frame
from wattbench_reports.export.interchange.model_card import model_card
from wattbench_reports.export.interchange.otlp_spans import otlp_lines
from wattbench_reports.export.interchange.prometheus import prometheus_text
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions

TABLES = ("systems", "windows", "machines", "judged")
"""Subjects of tables. Items are a table of their own: `export_items`."""

OF_SESSIONS = ("otlp", "atif")
"""Formats of the sessions of agents, which `export_sessions` writes."""

OF_ONE_SYSTEM = {"model-card": "a model card", "boamps": "a BoAmps report"}
"""Format that describes one system to its name in a sentence."""


def export_to_bytes(
    run: RunRecords,
    target: str,
    *,
    what: str = "systems",
    system: str | None = None,
    assumptions: Assumptions = AS_IN_SUITE,
) -> bytes:
    """Export a finished run to a format.

    Args:
        run: from `wattbench.records.read_run`.
        target: ``csv``, ``parquet``, ``markdown``, ``emissions``, ``prometheus``, or a name of `OF_ONE_SYSTEM`.
        what: for a table, a name of `TABLES`.
        system: only this one; what describes one system needs it if the run has several.
        assumptions: the reader's settings, in place of the suite's.

    Raises:
        UserError: the run is not finished or damaged, there is no such system, or a model card has no grid.
    """
    if target == "markdown":
        if system is not None:
            raise UserError("--system: a comparison in Markdown has all systems; csv and model-card can have one")
        compared = compare_runs([run], assumptions=assumptions)
        return as_markdown(compared.comparison, compared.decided).encode()
    analysis = analyse(run, assumptions)
    measured, emitted, comparison = analysis.measured, analysis.emitted, analysis.comparison
    _check_system(measured, system)
    if target in OF_ONE_SYSTEM:
        name = system or _only_system(measured, OF_ONE_SYSTEM[target])
        if target == "boamps":
            return boamps_report(measured, emitted, comparison, name).encode()
        return model_card(measured, analysis.paid, emitted, comparison, name).encode()
    if target == "prometheus":
        return prometheus_text(measured, analysis.paid, emitted, comparison, system)
    if target == "emissions":
        frame = emissions_frame(measured, comparison)
        return frame_as_csv(frame if system is None else frame[frame["experiment_id"] == system])
    tables = {
        "systems": lambda: figures_frame(measured, analysis.paid, emitted, comparison),
        "windows": lambda: windows_frame(measured),
        "machines": lambda: machines_frame(measured),
        "judged": lambda: judged_frame(comparison),
    }
    table = tables[what]()
    if system is not None and "system" not in table:
        raise UserError(f"--system: the table of {what} is not divided by systems; leave it out")
    if system is not None:
        table = table[table["system"] == system].reset_index(drop=True)
    return frame_as_parquet(table) if target == "parquet" else frame_as_csv(table)


def export_items(
    run: RunRecords, target: str, *, system: str | None = None, assumptions: Assumptions = AS_IN_SUITE
) -> Iterator[bytes]:
    """Yield the table of items of a finished run as ``csv`` or ``parquet``, in parts of the file.

    Args:
        run: as in `export_to_bytes`.
        target: the format.
        system: only this one.
        assumptions: as in `export_to_bytes`.

    Raises:
        UserError: the run is not finished or damaged, or there is no such system.
    """
    analysis = analyse(run, assumptions)
    _check_system(analysis.measured, system)
    parts = item_parts(analysis.measured, analysis.paid)
    if system is not None:
        parts = (part[part["system"] == system] for part in parts)
    return parts_as_parquet(parts) if target == "parquet" else parts_as_csv(parts)


def export_sessions(
    run: RunRecords, target: str, *, system: str | None = None, assumptions: Assumptions = AS_IN_SUITE
) -> Iterator[bytes]:
    """Yield the sessions of a finished run's agents, a line each.

    Args:
        run: as in `export_to_bytes`.
        target: a name of `OF_SESSIONS`.
        system: only this one.
        assumptions: as in `export_to_bytes`.

    Raises:
        UserError: the run is not finished or damaged, has no agents, or there is no such system.
    """
    analysis = analyse(run, assumptions)
    _check_system(analysis.measured, system)
    sessions = agent_sessions(analysis.measured, analysis.paid, system)
    yield from atif_lines(sessions) if target == "atif" else otlp_lines(run.header.run, sessions)


def _check_system(measured: Measured, system: str | None) -> None:
    if system is not None and system not in measured.frames.systems:
        raise UserError(f"--system {system!r:.80}: not in this run{nearest(system, measured.frames.systems)}")


def _only_system(measured: Measured, described: str) -> str:
    systems = measured.frames.systems
    if len(systems) > 1:
        raise UserError(f"{described} describes one system: name it with --system{nearest('', systems)}")
    return systems[0]
