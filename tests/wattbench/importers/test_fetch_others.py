"""Files of others are held against their checksums, and what cannot be fetched is named."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.wattbench.importers import fetch_others
from tests.wattbench.importers.fetch_others import CHECKSUMS, checksums, main, wanted


def test_every_file_has_a_checksum() -> None:
    assert list(checksums()) == [here for _, _, here in wanted()], (
        "others.sha256: a line of sha256sum for each, in order"
    )
    assert all(len(each) == 64 for each in checksums().values())
    assert CHECKSUMS.read_text(encoding="utf-8").endswith("\n")


def test_without_a_network_one_sentence_says_so(tmp_path: Path, capsys, monkeypatch) -> None:
    def unreachable(client, url):
        raise httpx.ConnectError("no route to host")

    monkeypatch.setattr(fetch_others, "from_network", unreachable)
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be reached (no route to host)" in said
    assert "--clone mlcommons/inference_results_v5.1=PATH" in said
    assert not list(tmp_path.rglob("*.json"))


def test_another_file_is_named_and_not_kept(tmp_path: Path, capsys, monkeypatch) -> None:
    first, second = list(checksums())[:2]
    (tmp_path / first).parent.mkdir(parents=True)
    (tmp_path / first).write_text("changed")
    answers = iter([b"changed too"])
    monkeypatch.setattr(fetch_others, "from_network", lambda client, url: next(answers, None))
    assert main([str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [first in said[0], second in said[1]] == [True, True]
    assert all("by its checksum" in line for line in said[:2])
    assert all(line.startswith("not there: ") for line in said[2:])
    assert not (tmp_path / second).exists()
