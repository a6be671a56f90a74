"""The answers that a page holds: all of them, as on record, within the bytes they may take, and harmless."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from importlib import import_module
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wattbench_reports.html.answers as answers
from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.load_runs import write_load_run
from tests.made_up.runs import write_run
from tests.wattbench_reports.sectiontext import without_own_scripts
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report
from wattbench_reports.html.answers import answers_section, embedded_answers, script_of_answers
from wattbench_reports.html.answers.embedded_answers import BYTES_PER_ANSWER, FEW_ANSWERS, JUDGED, EmbeddedAnswers
from wattbench_reports.html.answers.section import PARTS
from wattbench_reports.sections.answer_links import answers_link

FOLDER = Path(answers.__file__).parent / "script"
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x00\x1b[31m"


def texted(run, **columns):
    """The run with other texts: a function of the row's place for each column."""
    path = run.layout.items_table
    table = pd.read_parquet(path)
    for name, text in columns.items():
        table[name] = [text(place) for place in range(len(table))]
    pq.write_table(pa.Table.from_pandas(table, schema=pq.read_schema(path), preserve_index=False), path)
    return read_run(run.layout.root), table


def read_back(held: EmbeddedAnswers) -> list[dict]:
    """Read the parts as the page's script does: one row per answer."""
    rows = []
    for part in held.parts:
        data = json.loads(gzip.decompress(base64.b64decode(part)))
        for place, system, repeat, outcome, _, score, seconds, _, joules, _, _, prompt, output, filtered, _ in data[
            "answers"
        ]:
            task, _, doc_id, key, _, prompts = data["items"][place]
            names = {"system": held.head["systems"][system], "task": held.head["tasks"][task], "repeat": repeat}
            texts = {"prompt": prompts[prompt], "output": output, "target": key}
            texts["filtered"] = output if filtered is None else filtered
            figures = {
                "correct": score,
                "outcome": held.head["outcomes"][outcome],
                "seconds": seconds,
                "joules": joules,
            }
            rows.append({**names, "doc_id": doc_id, **texts, **figures})
    return rows


def test_every_answer_is_held_as_it_is_on_record(make_run, fake) -> None:
    texts = {name: f"{name} of row {{}}".format for name in ("output", "filtered")}
    run, table = texted(make_run(fake.Run(fake.plain().systems, repeats=2)), **texts)
    held = embedded_answers(analyse(run).measured)
    rows = pd.DataFrame(read_back(held))
    assert (held.count, held.of, held.items, held.cut) == (len(table), len(table), 0, 0)
    key = ["system", "task", "doc_id", "repeat"]
    both = rows.merge(table, on=key, suffixes=("", "_recorded"), validate="one_to_one")
    assert len(both) == len(table)
    for name in ("prompt", "output", "filtered", "target", "correct"):
        assert (both[name] == both[f"{name}_recorded"]).all(), name
    assert (both["outcome"] == both["correct"].map({1.0: "right", 0.0: "wrong"})).all()
    assert both["seconds"].to_numpy() == pytest.approx(both["finished_s"] - both["started_s"], rel=1e-3)
    assert both["joules"].to_numpy() == pytest.approx(both["energy_j"].to_numpy(), rel=1e-3)


def test_texts_are_cut_until_they_fit(make_run, fake) -> None:
    noise = random.Random(1)
    run, table = texted(
        make_run(fake.Run(fake.plain().systems, items=400)),
        output=lambda _: "".join(chr(noise.randrange(0x4E00, 0x9FA5)) for _ in range(1500)),
        filtered=str, prompt=lambda place: "x" * 300_000 + f"end {place}",
    )  # fmt: skip
    held = embedded_answers(analyse(run).measured)
    assert sum(map(len, held.parts)) <= BYTES_PER_ANSWER * FEW_ANSWERS
    assert 60 <= held.longest < 1500
    rows = read_back(held)
    assert {tuple(row["output"][1:]) for row in rows} == {(held.longest, 1500)}
    assert {len(row["output"][0]) for row in rows} == {held.longest}
    assert all(re.search(r"xend \d+$", row["prompt"][0]) for row in rows), "of a prompt the end is kept"
    recorded = {(row.system, row.task, row.doc_id): row.output for row in table.itertuples()}
    for row in rows:
        assert recorded[row["system"], row["task"], row["doc_id"]].startswith(row["output"][0])
    (cut,) = [text for text in answers_section(held, Path("run")).passages[0].sentences if text]
    assert f"cut to {held.longest:,} characters" in cut


def test_of_too_many_the_first_items_of_each_task_are_held(make_run, fake, monkeypatch) -> None:
    monkeypatch.setattr(import_module("wattbench_reports.html.answers.embedded_answers"), "MOST", 100)
    run = make_run(fake.plain())
    held = embedded_answers(analyse(run).measured)
    rows = pd.DataFrame(read_back(held))
    assert (held.count, held.of, held.items) == (96, 240, 16)
    assert set(rows.groupby(["system", "task"]).size()) == {16}
    assert rows["doc_id"].max() == 15
    text, *_ = answers_section(held, Path("run")).passages[0].sentences
    assert text == "This page holds 96 of 240 answers: those to the first 16 items of each task."


def test_answers_at_other_rates_are_named(tmp_path) -> None:
    run = write_load_run(tmp_path)
    held = embedded_answers(analyse(run).measured)
    assert held.count == held.of
    assert held.apart == len(pd.read_parquet(run.layout.items_table)) - held.count > 0
    _, apart, _ = answers_section(held, tmp_path).passages[0].sentences
    assert apart.startswith(f"{held.apart:,} answers of the run are not here: they are at other rates")


def test_of_a_streamed_run_the_answers_of_its_sample_are_held(make_run, fake, monkeypatch) -> None:
    run, table = texted(make_run(fake.plain()), output=str)
    monkeypatch.setattr("wattbench_reports.comparison.analysis.MOST_IN_MEMORY", 100)
    monkeypatch.setattr("wattbench_reports.tables.streamed.load.SAMPLED_ANSWERS", 120)
    held = embedded_answers(analyse(run).measured)
    assert (held.of, held.sampled, held.items) == (240, True, 0)
    assert 100 < held.count < 150
    recorded = {(row.system, row.task, row.doc_id): row.output for row in table.itertuples()}
    for row in read_back(held):
        assert recorded[row["system"], row["task"], row["doc_id"]] == row["output"]
    text, *_ = answers_section(held, Path("run")).passages[0].sentences
    assert text.endswith("those to a random sample of items.")


def test_hostile_texts_stay_texts(make_run, fake) -> None:
    run, _ = texted(
        make_run(fake.plain()), output=lambda place: HOSTILE * (40_000 if not place else 1),
        filtered=lambda _: HOSTILE, target=lambda _: HOSTILE, prompt=lambda _: HOSTILE,
    )  # fmt: skip
    page = report(run)
    assert "<script" not in without_own_scripts(page)
    assert len(page) < 1_500_000
    row = read_back(embedded_answers(analyse(run).measured))[1]
    shown = "</script><img src=x onerror=alert(1)>⟨U+202E⟩␀␛[31m"
    assert (row["output"], row["filtered"], row["target"], row["prompt"]) == (shown,) * 4


def test_a_chat_is_held_as_text(make_run, fake) -> None:
    chat = json.dumps({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Late?"}]})
    run, _ = texted(make_run(fake.plain()), prompt=lambda _: chat)
    rows = read_back(embedded_answers(analyse(run).measured))
    assert {row["prompt"] for row in rows} == {"system: Be brief.\n\nuser: Late?"}


def test_failed_answers_say_so(make_run, fake) -> None:
    run, table = texted(make_run(fake.plain()), failure=lambda place: "timed out" if place == 3 else None)
    failed = [row for row in read_back(embedded_answers(analyse(run).measured)) if row["outcome"] == "failed"]
    assert [(row["system"], row["doc_id"]) for row in failed] == [(table["system"][3], table["doc_id"][3])]
    assert failed[0]["seconds"] is None


def test_links_carry_names_as_the_page_shows_them() -> None:
    assert answers_link(system="a&b=c d", task="", key="\u202e\udc80") == (
        "#answers&system=a%26b%3Dc%20d&key=%E2%9F%A8U%2B202E%E2%9F%A9%E2%9F%A8U%2BDC80%E2%9F%A9"
    )


def test_every_part_of_the_script_is_used_once() -> None:
    assert sorted(PARTS) == sorted(path.stem for path in FOLDER.iterdir())
    script = script_of_answers()
    assert "innerHTML" not in script
    assert len(script.encode()) < 24_000


@pytest.mark.slow
def test_judged_answers_have_a_verdict_and_a_label(tmp_path: Path, fake) -> None:
    systems = (fake.System("one", accuracy=0.6), fake.System("two", accuracy=0.8))
    path = write_run(tmp_path, fake.Run(systems, items=40, judges={"chain_sum": FakeJudge(unread=0.1)}))
    add_labels(path, 20)
    run = read_run(path)
    held = embedded_answers(analyse(run).measured)
    table = pd.read_parquet(run.layout.items_table).set_index(["system", "task", "doc_id"])
    labels = {(row.system, row.task, row.doc_id): row.score for row in run.labels()}
    seen = set()
    for part in held.parts:
        data = json.loads(gzip.decompress(base64.b64decode(part)))
        for place, system, _, outcome, *_, verdict, label, judged in data["answers"]:
            key = held.head["systems"][system], held.head["tasks"][data["items"][place][0]], data["items"][place][2]
            recorded = table.loc[key, "judged"]
            assert (verdict is None) == pd.isna(recorded) and (verdict is None or verdict == recorded)
            assert label == labels.get(key)
            if judged < 0:
                assert key[1] != "chain_sum" and held.head["outcomes"][outcome] in ("right", "wrong")
                continue
            expected = 0 if verdict is None else 1 if label is None else 2 + (verdict != label)
            assert held.head["judged"][judged] == JUDGED[expected]
            score = verdict if label is None else label
            expected = "not scored" if score is None else "right" if score else "wrong"
            assert held.head["outcomes"][outcome] == expected
            seen.add(judged)
    assert seen == {0, 1, 2, 3}


def test_a_page_without_judges_says_nothing_of_them(reported, fake) -> None:
    _, page = reported(fake.plain())
    assert "judge's opinion</th>" not in page.lower()
    assert '"judged":[]' in page
