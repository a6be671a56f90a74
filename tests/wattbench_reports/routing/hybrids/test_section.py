"""The section on routing: golden text, its drawings, and hostile names."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.made_up.records import call_on
from tests.made_up.routed import by_score, cascading
from wattbench_reports.figures import Dot, FrontierLine, SentItems, frontier, misroutes
from wattbench_reports.figures.drawing import complete
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.sections.hybrids import hybrids_section

HOSTILE = '<script>alert("x")</script>'


def as_text(section) -> str:
    out = [f"== {section.title}", section.lead]
    for passage in section.passages:
        out += [f"-- {passage.heading}".rstrip(), *passage.sentences]
        if passage.figure is not None:
            out.append(f"({passage.figure.label})")
        for table in (*passage.tables, *passage.folded):
            out += [f"[{table.caption}]", " | ".join(column.label for column in table.columns)]
            out += [" | ".join(cell.text for cell in row) for row in table.rows]
            out.append(table.note)
    return "\n".join(out) + "\n"


def test_golden(compose, tmp_path, golden) -> None:
    routed = compose(by_score(0.3), router={"type": "classifier", "min_score": 0.3}, extra_j=0.25)
    path = tmp_path / "routes.csv"
    rows = [f"thrifty,{task},{doc},a>b,," for task in ("chain_sum", "spell_backward") for doc in range(40)]
    path.write_text("\n".join(["router,task,doc_id,member,router_s,router_j", *rows]), encoding="utf-8")
    text = as_text(call_on(hybrids_section, routed.again(Assumptions(routers=path))))
    golden("routing.txt", text)


def test_every_table_of_a_cascade_is_drawn_and_every_id_is_its_own(compose) -> None:
    router = {"type": "cascade", "order": ["label-0", "label-1"], "min_confidence": 0.5}
    routed = compose(cascading(0.5), router=router, order=("a", "c"))
    html = report(routed.run)
    identities = re.findall(r'\bid="([^"]+)"', html)
    assert len(identities) == len(set(identities))
    assert 'id="frontier-figure-0"' in html and 'id="misroutes-figure"' in html
    assert "below it c answers as well" in html


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_count_is_in_the_matrix_and_the_best_member_is_framed(counts: list[list[int]]) -> None:
    table, best = np.array(counts, dtype=np.int64), [None, 1, 2, 0, 1][: len(counts)]
    drawing = misroutes([SentItems("mixed", table, [f"<b>{row}" for row in best], ["a", "b", "$c^"], best)])
    (axes,) = complete(drawing, Figure(layout="constrained"))
    shown = [each.get_text() for each in axes.texts]
    for text, count in zip(shown, table.ravel().tolist(), strict=True):
        assert text.startswith(f"{count:,} (") if count else text == "0"
    framed = [(int(each.get_y()), int(each.get_x())) for each in axes.patches]
    assert framed == [(row, column) for row, column in enumerate(best) if column is not None]


@pytest.mark.parametrize("dear", [2.0, 500.0], ids=["linear", "logarithmic"])
def test_the_frontier_names_what_it_shows(dear: float) -> None:
    curve = FrontierLine("mixed, every threshold", np.array([1.0, dear]), np.array([0.2, 0.9]))
    drawing = frontier(
        curve, FrontierLine("its hull", curve.energy_j, curve.accuracy),
        FrontierLine("mix", np.array([1.0]), np.array([0.3])),
        [Dot("a", 0, 1.0, 0.2), Dot("b", 1, dear, 0.9, hollow=True)], series=2, description="From 20% to 90%.",
        name="f",
    )  # fmt: skip
    assert "From 20% to 90%. a: 20.0% at 1.00 J" in drawing.description
    (axes,) = complete(drawing, Figure(layout="constrained"))
    assert axes.get_legend_handles_labels()[1] == ["mixed, every threshold", "its hull", "mix", "a", "b"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("joules per request", "accuracy, %")
    assert axes.get_xscale() == ("log" if dear > 100 else "linear")


def test_points_without_joules_are_left_out_of_the_frontier() -> None:
    curve = FrontierLine("all", np.array([1.0, np.nan, 3.0]), np.array([0.2, 0.5, 0.9]))
    dots = [Dot("a", 0, 1.0, 0.2), Dot("b", 1, np.nan, 0.9)]
    svg = page_svg(frontier(curve, curve, curve, dots, series=2, description="Two.", name="f"))
    assert "nan" not in "".join(e.get("d", "") + e.get("transform", "") for e in ET.fromstring(svg).iter())
