"""Terminal, page, comment, JSON, JUnit, annotations and exit code show one verdict, with the same figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.gate_results import FLIPS, GATES, KNOWN, POLICY, SPENT, gate
from tests.wattbench_reports.sectiontext import as_text as section_text
from wattbench_reports.export.gate import annotations, as_json, as_junit, as_markdown, as_text, result_of_json
from wattbench_reports.gate.bounds import verdict_of
from wattbench_reports.gate.policy import Rule
from wattbench_reports.gate.result import EXIT_CODES, FlippedItems, GateResult, MetricVerdict, Verdict
from wattbench_reports.sections.gate import section_of
from wattbench_reports.wording import gate as wording

NAMES = ("accuracy", "latency_p50", "latency_p95", "joules_per_request", "joules_per_correct")
SHARES = st.one_of(st.none(), st.floats(-0.9, 3, allow_nan=False).map(lambda share: round(share, 6)))


@st.composite
def metrics(draw: st.DrawFn) -> tuple[MetricVerdict, ...]:
    made = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)):
        joules = name.startswith("joules")
        made.append(
            MetricVerdict(
                metric=name,
                verdict=draw(st.sampled_from([each for each in Verdict if each is not Verdict.ERROR])),
                blocks=draw(st.booleans()),
                margin=draw(st.sampled_from([0.01, 0.05, 0.1, 0.25])),
                reason=f"The reason of {name}.",
                baseline=draw(SHARES),
                candidate=draw(SHARES),
                change=draw(SHARES),
                low=draw(SHARES),
                high=draw(SHARES),
                items=draw(st.integers(0, 10**6)),
                provenance=draw(st.sampled_from(["counter", "modelled", "counter+modelled"])) if joules else "",
                validity=draw(st.sampled_from(["", "3 of 24 windows contended"])) if joules else "",
                waived=draw(st.sampled_from([None, KNOWN])),
                allowed_by=draw(st.sampled_from([None, SPENT])),
            )
        )
    return tuple(made)


@st.composite
def flips(draw: st.DrawFn) -> FlippedItems | None:
    lost, won = draw(st.integers(0, 7)), draw(st.integers(0, 4))
    shown = tuple(each for kind, most in ((True, lost), (False, won)) for each in kinds(kind)[:most])
    more = draw(st.integers(0, 5000)) if lost == 7 else 0
    return draw(st.sampled_from([None, FlippedItems(10_000, lost + more, won, shown)]))


def kinds(kind: bool) -> list:
    return [each for each in FLIPS.shown if each.lost is kind]


@st.composite
def results(draw: st.DrawFn) -> GateResult:
    made = draw(metrics())
    verdicts = [each for each in Verdict if each is not Verdict.ERROR]
    rules = tuple(Rule(each.metric, each.margin, either=draw(st.booleans())) for each in made)
    return gate(
        draw(st.sampled_from(verdicts)), "What to do first.", *made,
        flips=draw(flips()), policy=replace(POLICY, rules=rules),
    )  # fmt: skip


Shown = dict[str, dict[str, str]]


def by_name(heads: list[str], rows: list[list[str]]) -> Shown:
    """Metric to its cells by their heads; a column of dashes is not shown."""
    empty = dict.fromkeys(HEADS, "–")
    return {row[0]: empty | dict(zip((head.lower() for head in heads), row, strict=True)) for row in rows}


HEADS = ("baseline", "candidate", "change", "fails beyond", "verdict")


def shown_by_text(result: GateResult) -> Shown:
    lines = as_text(result).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("metric "))
    heads, *rows = [re.split(r"\s{2,}", line) for line in lines[start : lines.index("", start)]]
    above = [[""], *rows]  # a long label has a line of its own
    found = [
        [row[0] or before[0], *row[1:]] for row, before in zip(rows, above, strict=False) if len(row) == len(heads)
    ]
    return by_name(heads, found)


def shown_by_markdown(result: GateResult) -> Shown:
    lines = [line[2:-2].split(" | ") for line in as_markdown(result).splitlines() if line.startswith("| ")]
    heads, _, *rows = lines
    cells = [[cell.replace("\\", "").strip("*") for cell in row] for row in rows[: len(result.metrics)]]
    return by_name(heads, [[re.sub(r" \(.*", "", row[0]), *row[1:]] for row in cells])


def shown_by_page(result: GateResult) -> Shown:
    (of_page,) = section_of(result, {}).passages[0].tables
    return by_name([each.label for each in of_page.columns], [[cell.text for cell in row] for row in of_page.rows])


@given(results())
def test_every_surface_shows_the_same_verdicts_and_figures(result: GateResult) -> None:
    page, text, markdown = shown_by_page(result), shown_by_text(result), shown_by_markdown(result)
    assert list(text) == list(markdown) == list(page)
    assert list(page) == [wording.label(each.metric) for each in wording.worst_first(result.metrics)]
    for metric in result.metrics:
        name = wording.label(metric.metric)
        figures = [wording.figure(metric, metric.baseline), wording.figure(metric, metric.candidate)]
        cells = [*figures, wording.change(metric), wording.margin(metric, result.policy), wording.outcome(metric)]
        for shown in (page, text, markdown):
            assert [shown[name][head] for head in HEADS] == cells


@given(results())
def test_every_surface_has_the_sentence_the_joules_and_the_flips(result: GateResult) -> None:
    page, text, markdown = section_text(section_of(result, {})), as_text(result), as_markdown(result)
    flat = " ".join(text.split())
    for shown in (page, flat, markdown):
        assert result.headline in shown
    for shown in (flat, markdown):
        assert all(wording.joules_line(metric) in shown for metric in result.metrics)
        assert shown.count("not blocking") == sum(not metric.blocks for metric in result.metrics)
    if result.flips is None:
        assert "flipped" not in page + text + markdown
    else:
        counts = f"{result.flips.lost:,} lost"
        assert all(counts in shown for shown in (page, flat, markdown, as_junit(result)))
        assert all(f"{result.flips.won:,} won" in shown for shown in (page, flat, markdown, as_junit(result)))
        for each, most in ((True, 5), (False, 3)):
            for flipped in kinds(each)[:most]:
                assert (flipped in result.flips.shown) is (f"{flipped.task} {flipped.doc_id}" in markdown)


@given(results())
def test_programs_read_what_people_read(result: GateResult) -> None:
    read = json.loads(as_json(result))
    assert read["exit_code"] == result.exit_code == EXIT_CODES[result.verdict]
    assert result_of_json(as_json(result)) == result
    suite = ET.fromstring(as_junit(result)).find("testsuite")
    assert suite is not None
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert properties["verdict"] == read["verdict"] == result.verdict.value
    for metric, of_json in zip(result.metrics, read["metrics"], strict=True):
        assert properties[f"{metric.metric}.verdict"] == of_json["verdict"]
        for name in ("change", "low", "high", "margin"):
            value = properties.get(f"{metric.metric}.{name}")
            assert (None if value is None else float(value)) == of_json[name]
        assert properties.get(f"{metric.metric}.validity", "") == of_json["validity"]
    if result.flips is not None:
        assert [properties[f"flips.{name}"] for name in ("items", "lost", "won")] == [
            str(read["flips"][name]) for name in ("items", "lost", "won")
        ]
    complaints = len(suite.findall("testcase/failure")) + len(suite.findall("testcase/error"))
    if result.exit_code:
        assert complaints
        assert any(line.startswith(("::error", "::warning")) for line in annotations(result))


def test_verdicts_that_are_made_up_follow_from_the_bounds_next_to_them() -> None:
    judged = {Verdict.PASS, Verdict.IMPROVED, Verdict.REGRESSED, Verdict.INCONCLUSIVE}
    for make in GATES.values():
        for metric in make().metrics:
            if metric.verdict in judged:
                assert metric.low is not None
                assert metric.high is not None
                points = metric.metric.startswith("accuracy")
                low, high = (-metric.high, -metric.low) if points else (metric.low, metric.high)
                assert verdict_of(low, high, metric.margin) is metric.verdict, metric


def test_what_is_made_up_shows_every_verdict() -> None:
    for make in GATES.values():
        result = make()
        said = wording.verdict_name(result.verdict)
        assert section_of(result, {}).title == f"Gate: {said}"
        assert f"{said.upper()}: " in as_text(result)
        assert f"### wattbench gate: {said}\n" in as_markdown(result)
