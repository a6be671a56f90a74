"""The ledger of a training: written whole, read with suspicion, and followed back to everything it rests on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.systems.training_ledger import FILE, LEDGER_VERSION, Ledger, lineage, read_ledger, write_ledger


def entry(name: str, *needs: str) -> Ledger:
    return Ledger(
        name=name, method="adapter", recipe_sha256="r", documents_sha256="d", seed=1, needs=list(needs),
        started_utc="2026-01-01T00:00:00+00:00", finished_utc="2026-01-01T00:10:00+00:00", sessions=1, documents=10,
        tokens=100, teacher_tokens=0, seconds=600.0, energy_j={"cpu": 5.5, "gpu0": 4.0},
        provenance={"cpu": "modelled", "gpu0": "counter"}, windows=2, windows_invalid=[], grams_co2e=None,
        grams_basis="no region given", loss=[(1, 2.5), (2, 1.25)], hardware={"cpu": "Z80", "gpus": []},
        packages={"torch": "2"}, results={"accuracy": 0.5}, files={"a.bin": "0" * 64}, bytes=7,
    )  # fmt: skip


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., Path]:
    """Put ledgers beside each other as a family has them; the path of the last."""

    def put(*entries: Ledger) -> Path:
        for one in entries:
            (tmp_path / one.name).mkdir(exist_ok=True)
            write_ledger(tmp_path / one.name, one)
        return tmp_path / entries[-1].name / FILE

    return put


def test_what_is_written_is_read(shelf) -> None:
    written = entry("tuned", "start")
    path = shelf(written)
    assert read_ledger(path) == written
    assert written.total_j == 9.5
    assert written.summary() == {
        "method": "adapter", "documents": 10, "tokens": 100, "teacher_tokens": 0, "seconds": 600.0,
        "energy_j": {"cpu": 5.5, "gpu0": 4.0}, "provenance": {"cpu": "modelled", "gpu0": "counter"}, "cpu": "Z80",
    }  # fmt: skip
    assert [one.name for one in path.parent.iterdir()] == [FILE]  # nothing temporary is left
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_ledger(path.parent, replace(written, seconds=float("nan")))
    assert read_ledger(path) == written


def test_everything_a_member_was_made_from_is_found_once(shelf) -> None:
    path = shelf(entry("base"), entry("a", "base"), entry("b", "base"), entry("top", "a", "b", "base"))
    assert list(lineage(path)) == ["base", "a", "b", "top"]
    assert list(lineage(shelf(entry("alone")))) == ["alone"]


def test_a_tall_family_is_read_once_each(shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    floors = [entry("f0"), entry("g0")]
    for n in range(1, 40):  # followed path by path, these would be 2 to the 40th
        floors += [entry(f"f{n}", f"f{n - 1}", f"g{n - 1}"), entry(f"g{n}", f"g{n - 1}", f"f{n - 1}")]
    assert len(lineage(shelf(*floors))) == 79


def test_what_was_made_from_itself_is_refused(shelf) -> None:
    with pytest.raises(UserError, match="a is made from a, which is itself made from a"):
        lineage(shelf(entry("a", "a")))
    with pytest.raises(UserError, match="b is made from c, which is itself made from b"):
        lineage(shelf(entry("b", "c"), entry("c", "b")))


def test_a_ledger_in_another_s_place_is_refused(shelf, tmp_path: Path) -> None:
    path = shelf(entry("a"), entry("top", "a"))
    (tmp_path / "a" / FILE).write_text((tmp_path / "top" / FILE).read_text())
    with pytest.raises(UserError, match="the ledger of top is in the place of that of a"):
        lineage(path)
    (tmp_path / "a" / FILE).unlink()
    with pytest.raises(UserError, match=r"a/ledger\.json: no training ledger \(there is no such file"):
        lineage(path)


GOOD = asdict(entry("tuned", "start"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not a training ledger"),
        ("[]", "not a training ledger"),
        ("null", "not a training ledger"),
        ("{}", "not a training ledger .name: Field required"),
        ("[" * 100_000, "not a training ledger"),
        (json.dumps(GOOD)[:-20], "not a training ledger"),
        (json.dumps({**GOOD, "version": LEDGER_VERSION + 1, "new": 1}), "a ledger of version 2; this wattbench reads"),
        (json.dumps({**GOOD, "extra": 1}), "extra: Unexpected"),
        (json.dumps({**GOOD, "needs": None}), "needs: "),
        (json.dumps({**GOOD, "needs": "start"}), "needs: "),
        (json.dumps({**GOOD, "needs": ["../../etc"]}), "needs.0: "),
        (json.dumps({**GOOD, "needs": [""]}), "needs.0: "),
        (json.dumps({**GOOD, "energy_j": {"cpu": "plenty"}}), "energy_j.cpu: "),
        (json.dumps({**GOOD, "energy_j": {"cpu": float("nan")}}), "energy_j.cpu: .*finite"),
        (json.dumps(GOOD).replace("600.0", "1e999"), "seconds: .*finite"),
        (json.dumps({**GOOD, "hardware": []}), "hardware: "),
    ],
)  # fmt: skip
def test_what_is_not_a_ledger_is_said(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match=expected) as caught:
        read_ledger(tmp_path / FILE)
    assert str(caught.value).startswith(str(tmp_path / FILE))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a training ledger"):
        read_ledger(tmp_path / FILE)
    with pytest.raises(UserError, match="it is a folder"):
        read_ledger(tmp_path)
