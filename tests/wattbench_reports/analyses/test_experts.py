"""Which experts are asked together, and the bytes that reads: recounted from the files, and in words."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from wattbench.records import read_run
from wattbench_reports.analyses.experts import expert_use, recorded_choices, together, touched
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.figures import CoActivation, co_activation
from wattbench_reports.figures.drawing import complete
from wattbench_reports.html import report
from wattbench_reports.sections.experts import experts_section
from wattbench_reports.stats import together_by_chance

FOUR = ("one", "two", "three", "four")
EXPERTS = ("one", "two")


@pytest.fixture
def run(make_run, fake):
    return make_run(fake.Run((fake.System("plain"), fake.System("mix", "moe", experts=FOUR, favour=0.6)), items=9))


def raw(run, task: str) -> list[dict]:
    return [json.loads(line) for line in run.layout.experts("mix", task).read_text().splitlines()]


def rewrite(run, change) -> None:
    for path in (run.layout.root / "experts" / "mix").iterdir():
        rows = [change(json.loads(line)) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def resize(run, **fields) -> None:
    path = run.layout.systems
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row | (fields if row["system"] == "mix" else {})) + "\n" for row in rows))


def words(run) -> str:
    section = experts_section(analyse(read_run(run.layout.root)).measured)
    assert section is not None
    return "\n".join(sentence for passage in section.passages for sentence in passage.sentences)


def test_pairs_are_recounted_from_the_files(run) -> None:
    (choices,) = recorded_choices(analyse(run).measured)
    found = together(choices)
    assert found is not None
    assert found.pairs == tuple(itertools.combinations(range(4), 2))
    tasks = ("chain_sum", "spell_backward")
    assert found.tokens == 2 * 9 * 12
    for layer, (place, (a, b)) in itertools.product(range(6), enumerate(found.pairs)):
        assert found.observed[layer, place] == sum(row["pairs"][layer][place] for t in tasks for row in raw(run, t))
        expected = 0.0
        for task in tasks:
            counts = np.sum([row["counts"][layer] for row in raw(run, task)], axis=0)
            tokens = counts.sum() / 2
            expected += tokens * together_by_chance(counts / tokens, 2)[a, b]
        assert found.expected[layer, place] == pytest.approx(expected)
    assert found.expected.sum(axis=1) == pytest.approx([found.tokens] * 6)  # one pair a token
    assert found.share(np.arange(6)).sum() == pytest.approx(1.0)
    two = np.array([1, 4])
    assert found.ratio(two) == pytest.approx(found.observed[two].sum(axis=0) / found.expected[two].sum(axis=0))


def test_choices_that_have_nothing_to_do_with_each_other_are_near_one(make_run, fake) -> None:
    many = make_run(fake.Run((fake.System("mix", "moe", experts=FOUR, favour=0.6),), items=400, name="many"))
    (choices,) = recorded_choices(analyse(many).measured)
    found = together(choices)
    assert found is not None
    # The made-up tokens take the two largest of four noisy scores: nearly, not quite, the draw of largest entropy.
    assert found.ratio(np.arange(6)) == pytest.approx(np.ones(6), abs=0.08)


def test_a_planted_pair_stands_out(run) -> None:
    def plant(row):  # every token asks 0 with 1, or 2 with 3: twice as often as by chance or more
        return row | {"counts": [[6, 6, 6, 6]] * 6, "pairs": [[6, 0, 0, 0, 0, 6]] * 6}

    rewrite(run, plant)
    (choices,) = recorded_choices(analyse(run).measured)
    found = together(choices)
    assert found is not None
    assert found.ratio(np.arange(6)) == pytest.approx([3, 0, 0, 0, 0, 3])
    assert "Over all layers, one and two are co-activated 3.00 times as often as by chance, the most" in words(run)


def test_bytes_are_recounted_from_the_files(run) -> None:
    table = pd.read_parquet(run.layout.items_table)
    own = table["system"] == "mix"
    table.loc[own, "first_token_s"] = table.loc[own, "started_s"] + 0.1
    table.to_parquet(run.layout.items_table)
    analysis = analyse(run)
    (choices,) = recorded_choices(analysis.measured)
    found = touched(analysis.measured, choices)
    rows = [*raw(run, "chain_sum"), *raw(run, "spell_backward")]
    distinct = [[sum(count > 0 for count in layer) for layer in row["prompt_counts"]] for row in rows]
    passes = [80e6 + 1.5e6 * sum(layers) for layers in distinct]
    assert found.prompt_bytes == pytest.approx(np.mean(passes))
    assert found.prompt_token_bytes == pytest.approx(sum(passes) / (7 * len(rows)))
    assert found.prompt_experts == pytest.approx(np.mean(distinct))
    assert found.decode_bytes == 80e6 + 6 * 2 * 1.5e6
    assert found.all_bytes == 80e6 + 6 * 4 * 1.5e6
    timed = table[own]
    seconds = (timed["finished_s"] - timed["first_token_s"]).sum() / (timed["output_tokens"] - 1).sum()
    assert found.decode_s == pytest.approx(seconds)
    assert found.bytes_per_s == pytest.approx(98e6 / seconds)
    assert "Per output token it reads 98.0 MB of 116 MB (84.5%), " in words(run)


def test_no_pace_where_tokens_were_not_seen_or_came_for_several_at_once(make_run, fake) -> None:
    for number, batch in enumerate((1, 4)):
        run = make_run(fake.Run((fake.System("mix", "moe", experts=FOUR),), batch=batch, name=f"b{number}"))
        table = pd.read_parquet(run.layout.items_table)
        if batch > 1:
            table = table.assign(first_token_s=table["started_s"] + 0.1, batch_size=batch)
            table.to_parquet(run.layout.items_table)
        analysis = analyse(run)
        found = touched(analysis.measured, recorded_choices(analysis.measured)[0])
        assert (found.decode_s, found.bytes_per_s) == (None, None)
        assert found.decode_bytes == 98e6


def test_older_records_say_what_they_lack(run) -> None:
    rewrite(run, lambda row: {key: row[key] for key in ("doc_id", "repeat", "tokens", "counts")})
    resize(run, expert_bytes=None, shared_bytes=None)
    said = words(run)
    assert "Co-activation was not recorded: the run is older" in said
    assert "Bytes per token were not recorded for mix: the run is older" in said
    assert "The selection of experts" in said  # what there is, is said
    assert "Of mix's 135 M parameters a token uses 135 M (100.0%)." in said


@pytest.mark.parametrize(
    ("per_token", "expected"),
    [(1, "Each token selects one expert, so there is no co-activation."), (4, "Each token selects every expert")],
)
def test_one_or_all_experts_per_token_have_no_pairs_to_speak_of(run, per_token, expected) -> None:
    even = {1: [3, 3, 3, 3], 4: [12, 12, 12, 12]}[per_token]
    rewrite(run, lambda row: row | {"counts": [even] * 6, "pairs": [[0] * 6] * 6})
    resize(run, experts_per_token=per_token)
    assert expected in words(run)


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": [[1, 2], [3]]},
        {"counts": [["many"] * 4] * 6},
        {"counts": [[24, 0, 0, 0]] * 6},  # more often than there are tokens
        {"counts": [[-1, 9, 8, 8]] * 6},
        {"counts": None},
    ],
)
def test_lines_that_cannot_be_true_are_left_out(run, damage) -> None:
    rewrite(run, lambda row: row | damage if row["doc_id"] else row)
    (choices,) = recorded_choices(analyse(run).measured)
    assert choices.counts.shape == (2, 6, 4)
    assert len(choices.prompt_tokens) == 2


@pytest.mark.parametrize("damage", [{"pairs": [[1]]}, {"prompt_counts": "?"}, {"prompt_tokens": "7"}])
def test_damage_to_the_newer_fields_costs_only_those(run, damage) -> None:
    rewrite(run, lambda row: row | damage)
    (choices,) = recorded_choices(analyse(run).measured)
    assert choices.counts.shape == (18, 6, 4)
    assert (choices.pairs is None) == ("pairs" in damage)
    assert len(choices.prompt_tokens) == (18 if "pairs" in damage else 0)
    assert "not recorded" in words(run)


def test_a_matrix_has_every_number_and_shades_what_is_far_from_chance() -> None:
    ratios = {"all": np.array([0.5, 1.0, 2.004, np.nan, 0.0, 3.0])}
    pairs = list(itertools.combinations(range(4), 2))
    drawing = co_activation([CoActivation("mix", ratios, pairs, ("<i>", "b$x^", "c", "d"))])
    (axes,) = complete(drawing, Figure(layout="constrained"))
    shown = {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in axes.texts}
    assert shown == {(0, 0): "0.500", (0, 1): "1.00", (0, 2): "2.00", (1, 1): "–", (1, 2): "0", (2, 2): "3.00"}
    (shaded,) = axes.collections
    colours = shaded.get_facecolor()
    assert len(colours) == 4, "neither chance nor what is not known"
    assert len({tuple(colour[:3]) for colour in colours}) == 2, "more and less often"
    assert {round(float(colour[3]), 2) for colour in colours} == {0.75}
    assert [each.get_text() for each in axes.get_yticklabels()] == ["<i>", "b$x^", "c"]


def test_many_experts_are_listed_not_drawn(make_run, fake) -> None:
    names = tuple(f"expert-{place}" for place in range(14))
    run = make_run(fake.Run((fake.System("mix", "moe", experts=names),), items=4, name="many"))
    section = experts_section(analyse(run).measured)
    assert section is not None
    assert [each.figure.drawing.name for each in section.passages if each.figure is not None] == ["experts-figure"]
    passage = section.passages[2]
    assert len(passage.tables[0].rows) == 66
    assert "Shown are the 66 pairs furthest from chance, of 91." in passage.tables[0].note


def test_golden(analysed, fake, golden) -> None:
    section = experts_section(analysed(fake.family(20)).measured)
    assert section is not None
    out = [f"== {section.title}", section.lead]
    for passage in section.passages:
        out += [f"-- {passage.heading}".rstrip(), *passage.sentences]
        for table in (*passage.tables, *passage.folded):
            out += [f"[{table.caption}]", " | ".join(column.label for column in table.columns)]
            out += [" | ".join(cell.text for cell in row) for row in table.rows]
            out += [table.note] if table.note else []
    text = "\n".join(out) + "\n"
    golden("experts.txt", text)


@pytest.mark.slow
def test_every_drawing_has_a_name_of_its_own(make_run, fake) -> None:
    systems = tuple(fake.System(f"mix{place}", "moe", experts=FOUR) for place in range(2))
    html = report(make_run(fake.Run(systems, items=6)))
    identities = re.findall(r'\bid="([^"]+)"', html)
    assert len(identities) == len(set(identities))
    assert html.count('id="experts-figure"') == html.count('id="co-activation-figure"') == 1


def mixture(fake, **more):
    return fake.Run((fake.System("mix", "moe", experts=EXPERTS, **more), fake.System("plain")))


def uses(analysis):
    return [expert_use(choices) for choices in recorded_choices(analysis.measured)]


@pytest.mark.parametrize("repeats", [1, 2])
def test_shares_are_recounted_from_the_records(make_run, fake, repeats) -> None:
    four = ("a", "b", "c", "d")
    run = make_run(fake.Run((fake.System("mix", "moe", experts=four, favour=0.5),), items=6, repeats=repeats))
    (use,) = uses(analyse(run))
    assert (use.domains, use.items, use.layers) == (("arithmetic", "text"), (6, 6), (2, 3, 4, 5, 6, 7))
    for column, task in enumerate(("chain_sum", "spell_backward")):
        rows = run.experts("mix", task)
        items = [sum(np.array(row.counts) for row in rows if row.doc_id == doc) for doc in range(6)]
        share = np.mean([own / own.sum(axis=1, keepdims=True) for own in items], axis=0)
        assert use.shares[:, column] == pytest.approx(share)
    assert use.shares.sum(axis=2) == pytest.approx(1.0)
    assert all(0 < even <= 1 for even in use.evenness)


def test_what_choosing_two_of_four_can_tell_at_most(analysed, fake) -> None:
    (four,) = uses(analysed(fake.Run((fake.System("mix", "moe", experts=tuple("abcd")),))))
    assert four.at_most_bits == pytest.approx(1.0)
    assert four.dependence is not None
    assert four.dependence.mean_bits <= four.at_most_bits


def _said(section) -> tuple[str, ...]:
    """Return the sentences on the mixture."""
    return next(each.sentences for each in section.passages if each.heading == "mix")


def test_two_of_two_experts_can_tell_nothing(analysed, fake) -> None:
    analysis = analysed(mixture(fake, favour=1.0))
    (use,) = uses(analysis)
    assert use.at_most_bits == 0.0
    section = experts_section(analysis.measured)
    assert section is not None
    assert "is not distinguishable from chance (p = 1.000; 1,999 permutations" in _said(section)[0]


def test_words_for_planted_and_for_no_specialisation(make_run, fake) -> None:
    said = {}
    for favour in (0.0, 0.2, 1.0):
        mix = fake.System("mix", "moe", experts=tuple("abcd"), favour=favour)
        run = make_run(fake.Run((mix,), name=f"f{favour}", items=30))
        section = experts_section(analyse(run).measured)
        assert section is not None
        said[favour] = _said(section)
    assert said[0.0][0].startswith("The selection of experts is not distinguishable from chance (p = .")
    assert "specialisation" not in said[0.0][1]
    assert said[0.2][0].startswith("The selection of experts depends on the domain (p < .001; 1,999 permutations")
    assert said[0.2][0].endswith("60 items, seed 1).")
    assert said[0.2][1].endswith(": a weak specialisation.")
    assert "moderate" in said[1.0][1]


def test_one_domain_is_not_tested(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("mix", "moe", experts=tuple("abc")),), tasks=(("chain_sum", "arithmetic"),)))
    analysis = analyse(run)
    assert uses(analysis)[0].dependence is None
    section = experts_section(analysis.measured)
    assert section is not None
    assert _said(section)[0].startswith("All items are of one domain")
    assert "experts-figure" not in {each.figure.drawing.name for each in section.passages if each.figure is not None}


def test_absent_where_nothing_is_on_record(analysed, make_run, fake) -> None:
    assert experts_section(analysed(fake.plain()).measured) is None
    run = make_run(fake.Run((fake.System("mix", "moe", experts=EXPERTS),), name="mixture"))
    for path in (run.layout.root / "experts" / "mix").iterdir():
        path.unlink()
    assert experts_section(analyse(read_run(run.layout.root)).measured) is None
