"""From an analysed run to the text of the page."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from collections.abc import Callable
from pathlib import Path

from harness.errors import UserError
from harness.records import RunRecords, read_run
from reports.carbon import AS_IN_SUITE, CarbonChoice
from reports.compare import Analysis, analyse
from reports.marks import mark_svg
from reports.panels.carbon import carbon_section
from reports.panels.choices import choices_table
from reports.panels.comparison import comparison_section
from reports.panels.distillation import distillation_section
from reports.panels.domains import domains_section
from reports.panels.energy import energy_section
from reports.panels.environment import environment_section
from reports.panels.experts import experts_section
from reports.panels.latency import latency_section
from reports.panels.lifecycle import lifecycle_section
from reports.panels.load import load_section
from reports.panels.routing import routing_section
from reports.panels.section import Section
from reports.panels.systems import systems_section
from reports.panels.tradeoff import tradeoff_section
from reports.panels.validity import validity_section
from reports.panels.verdict import verdicts
from reports.settings import suite_description
from reports.units import plural

PANELS: tuple[Callable[[Analysis], Section | None], ...] = (
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
    carbon_section,
    systems_section,
    validity_section,
    environment_section,
)
"""The sections after the verdict, in the order of the page. One that a run has nothing for gives None."""


def report(run: RunRecords, choice: CarbonChoice = AS_IN_SUITE) -> str:
    """The report of a finished run as one self-contained HTML document.

    Args:
        run: from `harness.records.read_run`.
        choice: how to make the grams, where not as the suite has it.

    Raises:
        UserError: the run is not finished or damaged, or the choice is wrong.
    """
    return _page(analyse(run, choice))


def write_report(run_dir: Path, out: Path, choice: CarbonChoice = AS_IN_SUITE) -> Path:
    """Write the report of a run directory to a file, whole or not at all, and return its path.

    Raises:
        UserError: as `report`, or the file cannot be written.
    """
    html = report(read_run(run_dir), choice)
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(html, encoding="utf-8")
        temporary.replace(out)
    except OSError as error:
        raise UserError(f"{out}: the report cannot be written ({error.strerror})") from error
    return out


def _page(analysis: Analysis) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    css = importlib.resources.files("reports.page").joinpath("style.css").read_text(encoding="utf-8")
    engine = Environment(
        loader=PackageLoader("reports", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    header = analysis.frames.run.header
    sections = [section for make in PANELS if (section := make(analysis)) is not None]
    found = verdicts(analysis)
    return engine.get_template(
        "template.html.j2"
    ).render(
        # Ours, not a record's: the style sheet and what `reports.svg` and `reports.marks` drew.
        css=Markup(css),  # noqa: S704
        mark=lambda place: Markup(mark_svg(place)),  # noqa: S704
        drawing=Markup,
        css_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        sections=sections,
        header=header,
        created=header.created_utc[:16].replace("T", " "),
        description=suite_description(header),
        comparison=analysis.comparison,
        item_count=plural(len(analysis.table.domains), "item"),
        verdicts=found,
        choices_table=choices_table(found),
    )
