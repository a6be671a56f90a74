"""Renders an analysed run as the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from markupsafe import Markup

from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench.records.files.atomic_write import write_all_atomically
from wattbench_reports.analyses.labels import labelled_tasks
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.decision.latency_limit import latencies
from wattbench_reports.export.frames.frame_files import frame_as_csv, frame_as_parquet
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.figures.palette import mark_svg, marks_svg
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.result import GateResult
from wattbench_reports.html.answers import EmbeddedAnswers, answers_section, embedded_answers, script_of_answers
from wattbench_reports.html.whatif import WHAT_IF, carried, controls, restated, what_if_section, words_of_page
from wattbench_reports.html.whatif.embedded_data import carried_offer, carried_residents
from wattbench_reports.html.whatif.embedded_decision import carried_decision, no_grams
from wattbench_reports.html.whatif.restated_figures import ASK, command
from wattbench_reports.html.whatif.section import script_of_page
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.presenter.anchors import anchors
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Section
from wattbench_reports.presenter.templating import as_bytes, engine, own_file, policy_hash
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.study import routing_study
from wattbench_reports.sections.agents import agents_section
from wattbench_reports.sections.arrival_rates import load_section
from wattbench_reports.sections.carbon import carbon_section
from wattbench_reports.sections.comparison import comparison_section
from wattbench_reports.sections.disagreements import items_section
from wattbench_reports.sections.distillation import distillation_section
from wattbench_reports.sections.domains import domains_section
from wattbench_reports.sections.dropped import dropped_section
from wattbench_reports.sections.energy import energy_section
from wattbench_reports.sections.environment import environment_section
from wattbench_reports.sections.estimated import estimated_section
from wattbench_reports.sections.experts import experts_section
from wattbench_reports.sections.first_screen import first_screen
from wattbench_reports.sections.gate import gate_section
from wattbench_reports.sections.grid import grid_sections
from wattbench_reports.sections.judged import judged_section
from wattbench_reports.sections.labels import labels_section
from wattbench_reports.sections.latency import latency_section
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section
from wattbench_reports.sections.machines import machines_section
from wattbench_reports.sections.power import power_section
from wattbench_reports.sections.routing import routing_section
from wattbench_reports.sections.stated import section_of, stated_section
from wattbench_reports.sections.systems import systems_section
from wattbench_reports.sections.tradeoff import tradeoff_section
from wattbench_reports.sections.validity import validity_section
from wattbench_reports.sections.verdict.verdict import choices_table, verdicts
from wattbench_reports.sections.wrong_answers import wrong_section
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.stated_figures import StatedFigures, only_stated, stated_figures
from wattbench_reports.wording.decision import DecisionWords
from wattbench_reports.wording.decision.not_asked import dropped_clause, systems_line
from wattbench_reports.wording.routing import routing_verdict

_TAKEN = ("requirements", "verdict", "evidence", "evidence-efficiency", "caveats", "by-domain")
"""Ids of the page that belong to no section."""


def report(run: RunRecords, assumptions: Assumptions = AS_IN_SUITE) -> str:
    """Render the report of a finished run as one self-contained HTML document.

    Args:
        run: from `wattbench.records.read_run`.
        assumptions: the reader's settings, in place of the suite's.

    Raises:
        UserError: the run is not finished or damaged, or an assumption is wrong.
    """
    return _page(analyse(run, assumptions))


def write_report(
    run_dir: Path,
    out: Path,
    assumptions: Assumptions = AS_IN_SUITE,
    *,
    analysis: Analysis | None = None,
    gate: GateResult | None = None,
) -> Path:
    """Write the report of a run directory, whole or not at all, and return the path of the page.

    Its metrics are written next to it, as `report.csv` and `report.parquet`: see
    `wattbench_reports.export.frames.systems_frame`. An imported run without answers has a page of what its source
    states, and no metrics.

    Args:
        run_dir: of a finished run.
        out: the page.
        assumptions: the reader's settings, in place of the suite's.
        analysis: of the run under these assumptions, where it is made already.
        gate: the verdict of the gate that the run was made or judged by; None: a gate's run is judged by itself.

    Raises:
        UserError: as `report`, or a file cannot be written.
    """
    csv, parquet = tables_of_page(out)
    run = read_run(run_dir) if analysis is None else analysis.measured.frames.run
    if analysis is None and only_stated(run):
        stated = stated_figures(run)
        if stated is not None:
            write_all_atomically({out: as_bytes(stated_page(run, stated))}, failure="the report cannot be written")
            return out
    if analysis is None:
        analysis = analyse(run, assumptions)
    figures = figures_frame(analysis.measured, analysis.paid, analysis.emitted, analysis.comparison)
    files = {csv: frame_as_csv(figures), parquet: frame_as_parquet(figures), out: as_bytes(_page(analysis, gate))}
    write_all_atomically(files, failure="the report cannot be written")
    return out


def tables_of_page(page: Path) -> tuple[Path, Path]:
    """Return the paths of a page's figures as CSV and as Parquet: next to the page, under its name.

    Raises:
        UserError: the page has the suffix of one of them.
    """
    if page.suffix.lower() in {".csv", ".parquet"}:
        raise UserError(f"{page}: the report is a page, so give it a name that ends in .html")
    stem = page.with_suffix("") if page.suffix.lower() in {".html", ".htm"} else page
    return stem.with_name(f"{stem.name}.csv"), stem.with_name(f"{stem.name}.parquet")


def _page(analysis: Analysis, gate: GateResult | None = None) -> str:
    measured, paid, emitted = analysis.measured, analysis.paid, analysis.emitted
    weighed, comparison, sample = analysis.weighed, analysis.comparison, analysis.by_item
    css, script, of_answers = own_file("style.css", "wattbench_reports.html"), script_of_page(), script_of_answers()
    header = measured.frames.run.header
    study = routing_study(sample.measured, sample.paid, sample.weighed)
    answers = embedded_answers(measured, _gated_pair(measured))
    words = words_of_page(measured, paid, weighed, comparison)
    sections = page_sections(analysis, study, gate, answers, words)
    all_verdicts = verdicts(measured)
    routing = "" if isinstance(study, str) else routing_verdict(study)
    dropped = "" if comparison.dropped is None else dropped_clause(comparison.dropped)
    first = first_screen(words, measured, weighed, routing, dropped)
    line, texts, seconds = command(measured, weighed), restated(measured, comparison, words), latencies(measured)
    lacking = no_grams(emitted, measured.basis.systems)
    data = {
        **carried(measured, emitted, comparison, seconds, paid.pue),
        "decision": carried_decision(measured, paid, weighed, words, ASK, seconds, lacking),
        "residents": carried_residents(study),
        "texts": texts,
        "command": line,
    }
    template = engine("wattbench_reports.html").get_template("report.html.j2")
    return template.render(
        # Ours, not a record's: the style sheet and what `wattbench_reports.figures` drew.
        css=Markup(css),  # noqa: S704
        mark=lambda series: Markup(mark_svg(series)),  # noqa: S704
        marks=Markup(marks_svg()),  # noqa: S704
        svg=lambda drawing: Markup(page_svg(drawing)),  # noqa: S704
        css_hash=policy_hash(css),
        script=Markup(script),  # noqa: S704
        script_hash=policy_hash(script),
        carried=Markup(_json(data)),  # noqa: S704
        answers_script=Markup(of_answers),  # noqa: S704
        answers_hash=policy_hash(of_answers),
        answers_head=Markup(_json(answers.head)),  # noqa: S704
        answers_parts=answers.parts,
        answers_judged=bool(answers.head["judged"]),
        controls=controls(measured, paid, weighed, texts, carried_offer(emitted), line),
        first=first,
        sections=sections,
        anchors=anchors(sections, _TAKEN),
        header=header,
        created=header.created_utc[:16].replace("T", " "),
        description=measured.frames.record.suite.description,
        comparison=comparison,
        system_count=systems_line(len(comparison.systems), comparison.dropped),
        item_count=plural(round(len(measured.table.domains) * measured.items_per_row), "item"),
        verdicts=all_verdicts,
        choices_table=choices_table(all_verdicts),
    )


def _json(value: object) -> str:
    """Encode JSON that cannot close its script element, whatever the names in a record.

    The script puts texts in the page that no template has seen: characters in them that are invisible, or reorder what
    follows, are shown as in the rest of the page.
    """
    text = json.dumps(_all_visible(value), allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _all_visible(value: object) -> object:
    """Make every text in nested mappings and sequences visible, names of fields included."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {_all_visible(key): _all_visible(inner) for key, inner in value.items()}
    return [_all_visible(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _gated_pair(measured: Measured) -> tuple[str, str] | None:
    """Return the two systems of a gate's run; None for another run, which holds the answers of one of them at most."""
    gate = measured.frames.record.gate
    return None if gate is None else (gate.baseline.name, gate.candidate.name)


def page_sections(
    analysis: Analysis,
    study: RoutingStudy | str,
    gate: GateResult | None = None,
    answers: EmbeddedAnswers | None = None,
    words: DecisionWords | None = None,
) -> list[Section]:
    """Make the sections of the page, in its order; those without content are left out.

    Args:
        analysis: of the run.
        study: of routers in front of its systems; a text is why there is none, as a clause.
        gate: what the gate's section shows; None: a gate's run is judged by itself.
        answers: what the table of all answers holds; None: there is none.
        words: the decision; None: it is made from the analysis.
    """
    joules = any(each.j_per_request is not None for each in analysis.measured.systems.values())
    if words is None:
        words = words_of_page(analysis.measured, analysis.paid, analysis.weighed, analysis.comparison)
    whole = (
        with_content(section, joules=joules)
        for section in _made(analysis, study, gate, answers, words)
        if section is not None
    )
    return [each for each in whole if each.passages or each.id == WHAT_IF]


def _made(
    analysis: Analysis,
    study: RoutingStudy | str,
    gate: GateResult | None,
    answers: EmbeddedAnswers | None,
    words: DecisionWords,
) -> Iterator[Section | None]:
    """Yield the sections: a gate's before the verdict on which system to run, others after it."""
    measured, paid, emitted, comparison = analysis.measured, analysis.paid, analysis.emitted, analysis.comparison
    sample = analysis.by_item
    yield gate_section(measured, gate)
    yield from grid_sections(words.grids, words.decision)
    yield dropped_section(comparison.dropped)
    yield what_if_section(measured, comparison)
    yield comparison_section(comparison)
    yield agents_section(comparison)
    yield judged_section(comparison)
    yield tradeoff_section(measured, paid, comparison)
    yield domains_section(measured, comparison)
    yield routing_section(sample.measured, sample.paid, sample.weighed, study)
    yield experts_section(measured)
    yield distillation_section(measured)
    yield lifecycle_section(measured, paid, emitted)
    yield load_section(measured)
    yield latency_section(measured, comparison)
    yield energy_section(measured, comparison)
    yield power_section(measured)
    yield carbon_section(measured, emitted, comparison)
    yield estimated_section(measured, comparison)
    yield systems_section(measured)
    yield stated_section(measured)
    if answers is not None:
        yield answers_section(answers, measured.frames.run.layout.root)
    yield labels_section(labelled_tasks(measured) if answers is None else answers.labelled)
    yield items_section(measured)
    yield wrong_section(measured)
    yield machines_section(measured, comparison)
    yield validity_section(measured, comparison)
    yield environment_section(measured, analysis.weighed)


def stated_page(run: RunRecords, stated: StatedFigures) -> str:
    """Render the page as one self-contained HTML document.

    Args:
        run: an imported one.
        stated: its figures.
    """
    css, section = own_file("style.css", "wattbench_reports.html"), section_of(stated, ())
    return (
        engine("wattbench_reports.html")
        .get_template("stated.html.j2")
        .render(
            css=Markup(css),  # noqa: S704 - ours
            css_hash=policy_hash(css),
            suite=header_record(run).suite.name,
            header=run.header,
            created=run.header.created_utc[:16].replace("T", " "),
            section=section,
            anchors=anchors([section], ()),
            mark=lambda _: "",
            svg=lambda drawing: Markup(page_svg(drawing)),  # noqa: S704 - ours
        )
    )
