"""Rules first, else a served model, with a real llama.cpp server: built, run, billed and replayed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.records import call_on
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.routing.hybrids.study import studies
from wattbench_reports.sections.hybrids import hybrids_section

SUITE = """
name: rules-first
tasks:
  select:
    - {file: tickets.csv, input: message, target: team, score: label, prompt: "{{message}} This is", max_tokens: 4}
systems:
  define:
    rules:
      kind: specialist
      engine: python
      call: "./rules.py:answer"
      sees: input
      price: {per_request: 0, currency: EUR}
    served:
      kind: generalist
      engine: endpoint
      serve: {llamacpp: {weights: {path: GGUF}, threads: 1, context: 256}}
      price: {input_per_million: 1000, output_per_million: 2000, currency: EUR}
    rules-first:
      kind: hybrid
      engine: hybrid
      members: {rules: rules, model: served}
      router: {type: cascade, order: [rules, model]}
    sure-first:
      kind: hybrid
      engine: hybrid
      members: {model: served, rules: rules}
      router: {type: cascade, order: [model, rules], min_probability: 0.3}
measure: {idle_s: 0, warmup: 1, min_window_s: 0, blocks: 1, busy: mark, resident: all}
"""
RULES = """
open("ran", "w").close()

def answer(message):
    return ("It is for Billing.", 0.9) if "invoice" in message else None
"""
KNOWN = [f"My invoice of day {n} is wrong." for n in range(4)]
UNKNOWN = [f"The screen {n} is black." for n in range(4)]


def test_rules_first_is_built_run_billed_and_replayed(wattbench, tmp_path: Path, smol_gguf: Path) -> None:
    rows = [*(f"{message},Billing" for message in KNOWN), *(f"{message},Support" for message in UNKNOWN)]
    (tmp_path / "tickets.csv").write_text("message,team\n" + "\n".join(rows) + "\n")
    (tmp_path / "rules.py").write_text(RULES)
    (tmp_path / "suite.yaml").write_text(SUITE.replace("GGUF", str(smol_gguf)))
    planned = wattbench("suites", "plan", "suite.yaml")
    assert planned.returncode == 0, planned.stderr
    assert "runs its own code: system 'rules'" in planned.stdout
    assert not (tmp_path / "ran").exists()

    done = wattbench("run", "suite.yaml")
    assert done.returncode == 0, done.stderr
    run = read_run(tmp_path / done.stdout.strip().splitlines()[-1])
    items = pd.read_parquet(run.layout.items_table)
    of = {name: each.set_index("doc_id").sort_index() for name, each in items.groupby("system", observed=True)}
    hybrid, rules, served = of["rules-first"], of["rules"], of["served"]

    # Where the rules know, they answer alone; else both are asked, and the model's answer is the hybrid's.
    assert list(hybrid["route"]) == ["rules"] * 4 + ["served"] * 4
    assert [list(asked) for asked in hybrid["route_asked"]] == [["rules"]] * 4 + [["rules", "served"]] * 4
    assert list(hybrid["output"]) == [*rules["output"][:4], *served["output"][4:]]
    assert list(rules["output"]) == ["It is for Billing."] * 4 + [""] * 4
    assert list(rules["correct"]) == [1.0] * 4 + [0.0] * 4
    assert hybrid["route_score"][:4].tolist() == pytest.approx([-0.10536] * 4, abs=1e-4)  # ln 0.9
    assert hybrid["route_score"][4:].isna().all()
    assert (hybrid["router_s"][:4] == 0).all()
    assert (hybrid["router_s"][4:] > 0).all()

    # The bill is that of every system that was asked, and of no other.
    asked = [
        [(each["system"], each["prompt_tokens"], each["output_tokens"]) for each in use] for use in hybrid["usage"]
    ]
    tokens = list(zip(served["prompt_tokens"], served["output_tokens"], strict=True))
    assert [use[1:] for use in asked] == [[]] * 4 + [[("served", *each)] for each in tokens[4:]]
    analysis = analyse(run)
    money = pd.Series(
        analysis.paid.answers_money(analysis.measured.frames, slice(0, len(analysis.measured.frames.items))),
        index=[analysis.measured.frames.items["system"], analysis.measured.frames.items["doc_id"]],
    )
    paid = [0.001 * prompt + 0.002 * output for prompt, output in tokens]
    assert money["rules-first"].sort_index().tolist() == pytest.approx([0.0] * 4 + paid[4:])
    window = next(w for w in run.windows() if w.system == "rules-first" and w.purpose == "measured")
    assert hybrid["energy_j"].sum() * window.passes == pytest.approx(window.total_j)

    # A cascade over the server is judged by its log-probabilities, and has its tokens on the bill in any case.
    sure = of["sure-first"]
    assert sure["route_score"].between(-20, 0, inclusive="left").all()
    taken = sure["route_score"] >= -1.20397  # ln 0.3
    assert list(sure["route"]) == ["served" if one else "rules" for one in taken]
    assert [use[0]["output_tokens"] for use in sure["usage"]] == list(served["output_tokens"])

    # Replayed from its members' own answers, the hybrid is what it was live.
    checks = {each.routing.system: each.check for each in call_on(studies, analysis).hybrids}
    assert set(checks) == {"rules-first", "sure-first"}
    for check in checks.values():
        assert check.same_score == 1.0
        assert check.live.accuracy == check.replayed.accuracy
    text = " ".join(
        sentence for passage in call_on(hybrids_section, analysis).passages for sentence in passage.sentences
    )
    assert text.count("its accuracy agrees with the live run") == 2
