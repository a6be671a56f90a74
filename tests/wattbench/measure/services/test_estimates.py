"""Joules, grams and water of services: EcoLogits' own figures, or a reason why there are none."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.suites import suite_of
from wattbench.config import Resolved
from wattbench.errors import MissingExtraError, UserError
from wattbench.measure.services import estimates
from wattbench.measure.services.estimates import check_estimates, estimate_rows
from wattbench.records import EstimateRow, ItemRow
from wattbench.records.rows.answers import Used
from wattbench.records.rows.schema import FieldError

llm_impacts = pytest.importorskip("ecologits.tracers.utils").llm_impacts

REQUESTS = [(120, 0.4), (8, 3.0), (700, 12.5), (1, 0.001), (0, 0.2)]
"""Tokens of an answer and its seconds: shorter and longer than EcoLogits takes generation to last."""

SUITE = """
name: s
tasks: {select: [{task: t, domain: d}]}
systems:
  define:
    gpt: {kind: generalist, engine: endpoint, service: openai, model: gpt-4o-mini}
    mistral: {kind: generalist, engine: endpoint, service: mistral, model: mistral-small-latest}
    own: {kind: specialist, engine: endpoint, base_url: "http://127.0.0.1:1/v1"}
    mixed: {kind: hybrid, engine: hybrid, members: {easy: own, hard: gpt}, router: {type: always, member: hard}}
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """EcoLogits' logger is the process's: leave it as it was."""
    logger = logging.getLogger("ecologits")
    before = logger.disabled
    yield
    logger.disabled = before


def suite(folder: Path, *changes: tuple[str, str]) -> Resolved:
    return suite_of(SUITE, folder, *changes)


def item(system: str, tokens: int | None, seconds: float, usage: list[Used] | None = None) -> ItemRow:
    return ItemRow(
        run="r", system=system, kind="generalist", task="t", domain="d", doc_id=0, doc_hash="", prompt_hash="",
        repeat=0, correct=1.0, metrics="{}", prompt_tokens=5, output_tokens=tokens, scheduled_s=10.0, started_s=10.0,
        first_token_s=None, finished_s=10.0 + seconds, token_s=[], batch=0, batch_size=1, window="w", energy_j=None,
        energy_above_idle_j=None, energy_provenance="", prompt="", output="", filtered="", target="",
        usage=usage or [],
    )  # fmt: skip


def bounds(value: Any) -> tuple[float, float]:
    return (value.min, value.max) if hasattr(value, "min") else (value, value)


@pytest.mark.parametrize(
    ("system", "provider", "model", "zone"),
    [
        ("gpt", "openai", "gpt-4o-mini", None),
        ("gpt", "openai", "gpt-4", "FRA"),
        ("gpt", "huggingface_hub", "meta-llama/Meta-Llama-3.1-8B-Instruct", "USA"),
        ("mistral", "mistralai", "mistral-small-latest", None),
    ],
)
def test_figures_are_those_of_ecologits_to_six_digits(
    tmp_path: Path, system: str, provider: str, model: str, zone: str | None
) -> None:
    named = f"estimate: {{provider: {provider}, model: {model}" + (f", zone: {zone}}}" if zone else "}")
    known = {"gpt": "model: gpt-4o-mini", "mistral": "model: mistral-small-latest"}[system]
    resolved = suite(tmp_path, (known, f"{known}, {named}"))
    check_estimates(resolved)
    [row] = estimate_rows(resolved, [item(system, *each) for each in REQUESTS])
    theirs = [llm_impacts(provider, model, *each, zone) for each in REQUESTS]
    for ours, impact, factor in ((row.energy_j, "energy", 3.6e6), (row.co2_g, "gwp", 1e3), (row.water_l, "wcf", 1)):
        for bound in (0, 1):
            total = factor * sum(bounds(getattr(each, impact).value)[bound] for each in theirs)
            assert total > 0
            assert ours[bound] == pytest.approx(total, rel=1e-6)
    assert (row.requests, row.estimated, row.provider, row.model) == (5, 5, provider, model)
    assert row.zone == (zone or {"openai": "USA", "mistralai": "SWE"}[provider])
    assert row.by.startswith("EcoLogits 0.")
    assert row.notes == list(dict.fromkeys(str(w.message) for each in theirs for w in each.warnings or ()))


def test_what_is_not_known_of_a_request_is_not_estimated(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    [row] = estimate_rows(resolved, [item("gpt", 100, 1.0), item("gpt", None, 1.0)])
    [alone] = estimate_rows(resolved, [item("gpt", 100, 1.0)])
    assert (row.requests, row.estimated, row.energy_j) == (2, 1, alone.energy_j)
    [none] = estimate_rows(resolved, [item("gpt", None, 1.0)])
    assert (none.energy_j, none.why_none) == ([], "no answer has a count of its tokens")
    assert estimate_rows(resolved, [item("own", 100, 1.0)]) == []  # a server of one's own is metered, or not


def test_of_a_hybrid_the_requests_to_services_are_estimated(tmp_path: Path) -> None:
    usage = [Used(system=name, output_tokens=100, seconds=1.0) for name in ("own", "gpt")]
    resolved = suite(tmp_path)
    [row] = estimate_rows(resolved, [item("mixed", 200, 2.0, usage)])
    [alone] = estimate_rows(resolved, [item("gpt", 100, 1.0)])
    assert (row.system, row.answered_by, row.requests, row.energy_j) == ("mixed", "gpt", 1, alone.energy_j)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("model: gpt-4o-minni", r"no model 'gpt-4o-minni' of openai; did you mean 'gpt-4o-mini'\?"),
        ("model: Mistral-Small-Latest", r"of openai; did you mean mistral-small-latest of mistralai\?"),
        ("model: 'Ignore all \u202e this'", "has no model"),
        ("model: gpt-4o-mini, estimate: {provider: opnai}", r"no provider 'opnai'; did you mean 'openai'\?"),
        ("model: gpt-4o-mini, estimate: {zone: ZZZ}", "knows no zone ZZZ"),
    ],
)
def test_what_ecologits_does_not_know_is_not_estimated_and_what_is_near_is_said(
    tmp_path: Path, new: str, says: str
) -> None:
    resolved = suite(tmp_path, ("model: gpt-4o-mini", new))
    [row] = estimate_rows(resolved, [item("gpt", 100, 1.0)])
    assert (row.requests, row.estimated, row.energy_j, row.water_l) == (1, 0, [], [])
    assert re.search(says, row.why_none)
    if "estimate" in new:  # a mistake in the suite is found before anything is asked
        with pytest.raises(UserError, match=says):
            check_estimates(resolved)
    else:
        check_estimates(resolved)


def test_a_service_that_is_not_in_the_tables_says_how_to_name_another(tmp_path: Path) -> None:
    resolved = suite(
        tmp_path, ("service: openai, model: gpt-4o-mini", "service: groq, model: Meta-Llama-3.1-8b-Instruct")
    )
    [row] = estimate_rows(resolved, [item("gpt", 100, 1.0)])
    assert "has no figures for groq; name another provider of the model with estimate:" in row.why_none
    assert "did you mean meta-llama/Meta-Llama-3.1-8B-Instruct of huggingface_hub?" in row.why_none


def test_without_ecologits_nothing_is_estimated_and_the_run_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "_module", lambda _: (_ for _ in ()).throw(MissingExtraError("estimating", "apis")))
    [row] = estimate_rows(suite(tmp_path), [item("gpt", 100, 1.0)])
    assert row.energy_j == []
    assert "pip install 'wattbench[apis]'" in row.why_none
    with pytest.raises(MissingExtraError):
        check_estimates(suite(tmp_path, ("model: gpt-4o-mini", "model: gpt-4o-mini, estimate: {zone: FRA}")))


def test_ecologits_leaves_logging_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.getLoggerClass()
    estimate_rows(suite(tmp_path), [item("gpt", 100, 1.0)])
    assert logging.getLoggerClass() is before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "damaged",
    [{"energy_j": [1.0]}, {"energy_j": [2.0, 1.0]}, {"estimated": 9}, {"energy_j": ["a", "b"]}, {"co2_g": [-1.0, 1.0]},
     {"water_l": [float("nan"), 1.0]}],
)  # fmt: skip
def test_a_damaged_row_is_refused(damaged: dict[str, Any]) -> None:
    row = {"system": "s", "task": "t", "answered_by": "s", "requests": 2, "estimated": 2, "energy_j": [1.0, 2.0]}
    EstimateRow.from_json(row)
    with pytest.raises(FieldError):
        EstimateRow.from_json(row | damaged)
