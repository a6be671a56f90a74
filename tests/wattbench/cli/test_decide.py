"""The command `decide`: from any file to the advice, the same as of `compare`, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

import wattbench
from tests.loaded import loaded_by
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore
from wattbench.cli import main
from wattbench.errors import UserError

ROWS = [
    ("large", item, int(item < 36), 800 + item, 0.004) for item in range(40)
] + [("small", item, int(item < 24), 200 + item, 0.001) for item in range(40)]  # fmt: skip
TABLE = "model,question_id,is_correct,latency_ms,cost_usd\n" + "".join(f"{','.join(map(str, row))}\n" for row in ROWS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files of this process, and the working directory."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    return temporary


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three systems."""
    at = tmp_path_factory.mktemp("runs")
    return RunStore(at / "store").write(at, FakeRun(plain_systems()))


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text(TABLE)
    return path


def wattbench_(*words: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def test_a_table_to_the_advice(answers: Path, folder: Path, golden) -> None:
    done = wattbench_("decide", "answers.csv", "--min-accuracy", "70%", "--max-p95", "1s")
    assert done.exit_code == 0, done.output
    golden("decide-table.txt", done.stdout + done.stderr)
    assert list(folder.iterdir()) == []
    assert sorted(path.name for path in answers.parent.iterdir()) == ["answers.csv", "temporary"]


def test_what_a_table_lacks_is_said_and_not_invented(tmp_path: Path, golden) -> None:
    (tmp_path / "t.csv").write_text("model,id,prediction,label,latency,energy\na,1,x,x,3,4\na,2,x,y,3,4\n")
    done = wattbench_("decide", "t.csv")
    golden("decide-lacking.txt", done.stdout)
    data = json.loads(wattbench_("decide", "t.csv", "--json").stdout)
    (system,) = data["systems"]
    assert (system["latency_p50_s"], system["energy_j_per_request"], system["cost_per_request"]) == (None, None, None)
    assert data["support"]["quantities"]["joules"] == {"unit": "", "known": {"a": 0}, "missing": ["a"]}
    assert {each["column"] for each in data["support"]["columns"] if each["unread"]} == {"latency", "energy"}


REQUIRED = ([], ["--min-accuracy", "35%"], ["--max-p95", "500ms", "--min-accuracy", "10%"], ["--worth-right", "0.01"])


@pytest.mark.parametrize("options", REQUIRED, ids=" ".join)
def test_a_run_is_decided_as_compare_decides(finished: Path, options: list[str]) -> None:
    mine = json.loads(wattbench_("decide", finished, *options, "--json").stdout)
    theirs = json.loads(wattbench_("compare", finished, *options, "--format", "json").stdout)
    support = mine.pop("support")
    assert mine == theirs
    assert support["answers"] == {"generalist": 80, "specialist": 80, "regex": 80}
    said, compared = (wattbench_(command, finished, *options).stdout for command in ("decide", "compare"))
    decision = compared.split(f"\n\n{theirs['suite']} ({theirs['run']})")[0]
    assert decision in said
    assert theirs["decision"]["advice"] in " ".join(said.split())
    given = {option[2:].replace("-", "_"): value for option, value in zip(options[::2], options[1::2], strict=True)}
    if "worth_right" in given:
        given["worth_right"] = float(given["worth_right"])
    python = wattbench.decide(finished, **given)
    assert python.advice == theirs["decision"]["advice"]
    assert str(python) == said.rstrip("\n")
    assert json.loads(python.text("json")) == mine | {"support": support}
    assert python.advice.split()[1] in python._repr_html_()


def test_the_page_has_the_same_advice(answers: Path) -> None:
    done = wattbench_("decide", answers, "-o", "page.html", "--min-accuracy", "50%")
    assert done.exit_code == 0, done.output
    advice = json.loads(wattbench_("decide", answers, "--json", "--min-accuracy", "50%").stdout)["decision"]["advice"]
    page = Path("page.html").read_text()
    assert advice in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "is_correct as score" in page


def test_a_run_ends_in_the_words_of_decide(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    monkeypatch.setattr(importlib.import_module("wattbench.api.run"), "run_new", lambda *_, **__: finished)
    ended = wattbench_("run", "quick").stderr
    assert wattbench_("decide", finished).stdout in ended


def test_tables_together_are_one_comparison_with_a_system_each(tmp_path: Path) -> None:
    for name, right in (("one", 30), ("two", 10)):
        rows = "".join(f"{item},{int(item < right)}\n" for item in range(40))
        (tmp_path / f"{name}.csv").write_text(f"id,correct\n{rows}")
    decided = wattbench.decide(tmp_path / "one.csv", tmp_path / "two.csv", min_accuracy=0.5)
    assert set(decided.systems) == {"one", "two"}
    assert decided.advice.startswith("Run one:")
    assert decided.support.check.common == 40


def test_names_of_items_that_are_numbers_of_rows_pair_nothing_and_that_is_said(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[row // 20]},{row},q{row % 20},{row % 2}\n" for row in range(40))
    (tmp_path / "t.csv").write_text(f"model,id,question,correct\n{rows}")
    said = " ".join(wattbench_("decide", "t.csv").stdout.split())
    assert (
        "Pairs: none, as no two systems answered the same item, and no two can be compared: --map COLUMN=item" in said
    )
    said = " ".join(wattbench_("decide", "t.csv", "--map", "question=item").stdout.split())
    assert "Pairs:" not in said
    assert "20 items, all of them answered by both" in said


def test_hostile_texts_of_a_table_are_harmless(tmp_path: Path) -> None:
    text = '"\x1b[31m\u202e<script>alert(1)</script>::error::x"'
    rows = "".join(f"{name},{item},{item % 2},9,{text}\n" for name in ("a", "<b>") for item in range(8))
    (tmp_path / "t.csv").write_text(f"model,id,correct,latency\u202e<\x1b,answer\n{rows}")
    done = wattbench_("decide", "t.csv", "-o", "p.html")
    assert done.exit_code == 0, done.output
    assert "its unit is not named" in done.stdout
    assert not set("\x1b\u202e") & set(done.output)
    page = Path("p.html").read_text()
    assert "its unit is not named" in page
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page


def test_a_folder_of_runs_is_its_newest(finished: Path) -> None:
    done = wattbench_("decide", finished.parent)
    assert "is a folder of runs; the newest finished one is" in done.stderr
    assert done.stdout == wattbench_("decide", finished).stdout


def test_a_run_and_a_table_are_shown_apart(finished: Path, answers: Path) -> None:
    done = wattbench_("decide", finished, answers)
    assert done.exit_code == 3
    assert "nothing in these runs can be ranked against each other" in done.stderr
    assert "decision" not in json.loads(wattbench_("decide", finished, answers, "--json").stdout)
    refused = wattbench_("decide", finished, answers, "-o", "p.html")
    assert refused.exit_code == 2
    assert "a report is of one run" in refused.stderr
    assert not Path("p.html").exists()


def test_the_import_is_kept_where_that_is_wanted(answers: Path, folder: Path) -> None:
    done = wattbench_("decide", answers, "--keep", "kept")
    (run,) = Path("kept").iterdir()
    assert f"kept as {run}" in done.stderr
    assert f"wattbench route {run}" in done.stderr
    assert wattbench_("compare", run).exit_code == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing.csv"], "nothing.csv: no such file or folder"),
        (["answers.csv", "--source", "lm-eval"], "answers.csv"),
        (["answers.csv", "--map", "latency_ms=latenc"], "there is no column 'latenc'"),
        (["answers.csv", "--open"], "--open opens the page of -o"),
        (["answers.csv", "answers.csv"], "named twice"),
        (["answers.csv", "-o", "answers.html"], "the report would replace answers.csv, which is read"),
        (["answers.csv", "-o", "answers.csv"], "give it a name that ends in .html"),
        (["answers.csv", "--target", "labl"], "has no column 'labl'"),
        (["answers.csv", "--min-accuracy", "80"], "write 80% or 0.8"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(answers: Path, folder: Path, options, said: str) -> None:
    done = wattbench_("decide", *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert list(folder.iterdir()) == []
    assert answers.read_text() == TABLE
    assert sorted(path.name for path in answers.parent.iterdir()) == ["answers.csv", "temporary"]


def test_options_of_tables_are_not_for_runs(finished: Path) -> None:
    done = wattbench_("decide", finished, "--target", "x")
    assert done.exit_code == 2
    assert "go with tables" in done.stderr


def test_a_currency_is_for_costs_that_name_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("model,id,correct,cost\na,1,1,2\na,2,0,2\n")
    assert wattbench.decide("t.csv", currency="EUR")["a"].cost_currency == "EUR"
    (tmp_path / "u.csv").write_text("model,id,correct,cost_usd\na,1,1,2\na,2,0,2\n")
    assert wattbench.decide("u.csv", currency="EUR")["a"].cost_currency == "USD"
    with pytest.raises(UserError, match="at least one file"):
        wattbench.decide()
    with pytest.raises(UserError, match="source is 'lm_eval': it must be one of lm-eval"):
        wattbench.decide("u.csv", source="lm_eval")


def test_prices_and_a_grid_bring_money_and_grams(tmp_path: Path) -> None:
    rows = "".join(f"a,{item},{item % 2},9,5\n" for item in range(20))
    (tmp_path / "t.csv").write_text(f"model,id,correct,output_tokens,energy_j\n{rows}")
    decided = wattbench.decide("t.csv", system_prices={"a": "output_per_million=2,currency=USD"}, intensity=380)
    assert [each.quantity.value for each in decided.support.quantities if each.recorded] == [
        "accuracy", "tokens", "joules", "money", "CO2e",
    ]  # fmt: skip


KILLED = """
import sys, time
from pathlib import Path
from wattbench.api import decide
def slow(*arguments, **named):
    print("imported", flush=True)
    time.sleep(60)
decide.compare_runs = slow
decide.decide(sys.argv[1])
"""


def test_a_kill_leaves_no_run_that_is_found_and_the_next_removes_the_rest(
    answers: Path, folder: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"TMPDIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(answers)], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "imported\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = folder.iterdir()
    assert left.name.startswith(".")
    assert left.name.endswith(".deciding")
    with pytest.raises(UserError, match=r"run\.json"):
        wattbench.read(folder)
    assert wattbench_("decide", answers).exit_code == 0
    assert list(folder.iterdir()) == []


def test_a_decision_loads_no_model_and_no_harness(answers: Path) -> None:
    loaded = loaded_by(f"import wattbench; wattbench.decide({str(answers)!r})")
    assert not {"codecarbon", "datasets", "lm_eval", "matplotlib", "ray", "sklearn", "torch", "transformers"} & loaded


def test_ten_thousand_answers_take_seconds(tmp_path: Path, loads: Callable[..., float]) -> None:
    rows = "".join(f"{'abcd'[item % 4]},{item // 4},{int(item % 7 > 2)},{item % 900}\n" for item in range(10_000))
    (tmp_path / "many.csv").write_text(f"model,id,correct,latency_ms\n{rows}")
    assert loads(tmp_path / "many.csv") < 20


@pytest.fixture
def loads() -> Callable[[Path], float]:
    """Return the CPU seconds of a decision in a process of its own."""

    def seconds(path: Path) -> float:
        before = time.process_time(), os.times()
        done = subprocess.run(
            [sys.executable, "-m", "wattbench", "decide", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        after = os.times()
        return after.children_user + after.children_system - before[1].children_user - before[1].children_system

    return seconds
