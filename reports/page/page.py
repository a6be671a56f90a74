"""From an analysed run to the text of the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.records import RunRecords, read_run
from reports.carbon import AS_IN_SUITE, CarbonChoice
from reports.compare import Analysis, analyse
from reports.export.data import figures_frame
from reports.export.tables import frame_as_csv, frame_as_parquet
from reports.marks import mark_svg, marks_svg
from reports.page.anchors import anchors
from reports.page.files import beside, write_whole
from reports.page.templates import as_bytes, engine, own_file, policy_hash
from reports.panels.carbon import carbon_section
from reports.panels.choices import choices_table
from reports.panels.comparison import comparison_section
from reports.panels.distillation import distillation_section
from reports.panels.domains import domains_section
from reports.panels.energy import energy_section
from reports.panels.environment import environment_section
from reports.panels.experts import experts_section
from reports.panels.gate import gate_section
from reports.panels.items import items_section
from reports.panels.latency import latency_section
from reports.panels.lifecycle import lifecycle_section
from reports.panels.load import load_section
from reports.panels.power import power_section
from reports.panels.routing import routing_section
from reports.panels.section import Section
from reports.panels.systems import systems_section
from reports.panels.tradeoff import tradeoff_section
from reports.panels.validity import validity_section
from reports.panels.verdict import verdicts
from reports.routefile import read_routes
from reports.settings import suite_description
from reports.units import plural
from reports.whatif import carried, controls, what_if_section
from reports.workload import AS_IN_SUITE as SUITES_WORKLOAD
from reports.workload import WorkloadChoice

PANELS: tuple[Callable[[Analysis], Section | None], ...] = (
    gate_section,
    what_if_section,
    comparison_section,
    tradeoff_section,
    domains_section,
    routing_section,
    experts_section,
    distillation_section,
    lifecycle_section,
    load_section,
    latency_section,
    energy_section,
    power_section,
    carbon_section,
    systems_section,
    items_section,
    validity_section,
    environment_section,
)
"""The sections in the order of the page: a gate's before the verdict on which system to run, all others after it. One
that a run has nothing for gives None."""


def report(
    run: RunRecords,
    choice: CarbonChoice = AS_IN_SUITE,
    workload_choice: WorkloadChoice = SUITES_WORKLOAD,
    routes: Path | None = None,
) -> str:
    """The report of a finished run as one self-contained HTML document.

    Args:
        run: from `harness.records.read_run`.
        choice: how to make the grams, where not as the suite has it.
        workload_choice: what the systems are for, where not as the suite has it.
        routes: a file of routers to be replayed, as `reports.routefile.read_routes` reads it.

    Raises:
        UserError: the run is not finished or damaged, or a choice or the file is wrong.
    """
    return _page(_analysed(run, choice, workload_choice, routes))


def _analysed(run: RunRecords, choice: CarbonChoice, workload_choice: WorkloadChoice, routes: Path | None) -> Analysis:
    analysis = analyse(run, choice, workload_choice)
    return analysis if routes is None else replace(analysis, routes=read_routes(routes, analysis.frames))


def write_report(
    run_dir: Path,
    out: Path,
    choice: CarbonChoice = AS_IN_SUITE,
    workload_choice: WorkloadChoice = SUITES_WORKLOAD,
    routes: Path | None = None,
) -> Path:
    """Write the report of a run directory, whole or not at all, and return the path of the page.

    Beside `report.html` come its figures, as `report.csv` and `report.parquet`: see `reports.export.data`.

    Raises:
        UserError: as `report`, or a file cannot be written.
    """
    csv, parquet = beside(out)
    analysis = _analysed(read_run(run_dir), choice, workload_choice, routes)
    figures = figures_frame(analysis)
    page = as_bytes(_page(analysis))
    write_whole({csv: frame_as_csv(figures), parquet: frame_as_parquet(figures), out: page})
    return out


def _page(analysis: Analysis) -> str:
    from markupsafe import Markup

    css, script = own_file("style.css"), script_of_page()
    header = analysis.frames.run.header
    sections = [section for make in PANELS if (section := make(analysis)) is not None]
    found = verdicts(analysis)
    what_if = any(section.id == "what-if" for section in sections)
    template = engine().get_template("template.html.j2")
    return template.render(
        # Ours, not a record's: the style sheet and what `reports.svg` and `reports.marks` drew.
        css=Markup(css),  # noqa: S704
        mark=lambda place: Markup(mark_svg(place)),  # noqa: S704
        marks=Markup(marks_svg()),  # noqa: S704
        drawing=Markup,
        css_hash=policy_hash(css),
        script=Markup(script),  # noqa: S704
        script_hash=policy_hash(script),
        carried=Markup(_json(carried(analysis))) if what_if else "",  # noqa: S704
        controls=controls(analysis) if what_if else None,
        sections=sections,
        anchors=anchors(sections),
        header=header,
        created=header.created_utc[:16].replace("T", " "),
        description=suite_description(header),
        comparison=analysis.comparison,
        item_count=plural(len(analysis.table.domains), "item"),
        verdicts=found,
        choices_table=choices_table(found),
    )


def script_of_page() -> str:
    """All the JavaScript that a page has: it restates figures, and everything else is there without it."""
    return own_file("whatif.js")


def _json(value: object) -> str:
    """JSON that cannot end the element it stands in, whatever a record calls its systems."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
