"""The name of a machine: stable, not to be traced back, and settable where there is no id of its own."""

from pathlib import Path

import pytest

from wattbench.machine import environment as module
from wattbench.machine.environment import NODE, node


@pytest.fixture(autouse=True)
def _own_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(NODE, raising=False)
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.setattr(module, "MACHINE_IDS", (tmp_path / "missing", tmp_path / "machine-id"))
    monkeypatch.setattr(module.platform, "node", lambda: "host-a")


def test_it_is_the_same_every_time_and_holds_neither_id_nor_name() -> None:
    assert node() == node()
    assert len(node()) == 12
    assert int(node(), 16)
    assert "0123456789" not in node()
    assert "host" not in node()


def test_clones_of_an_image_differ_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    first = node()
    monkeypatch.setattr(module.platform, "node", lambda: "host-b")
    assert node() != first


def test_a_name_by_hand_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = node()
    monkeypatch.setenv(NODE, "pool-7")
    named = node()
    assert named != first
    monkeypatch.setattr(module.platform, "node", lambda: "host-b")
    assert node() == named


def test_a_machine_without_an_id_is_named_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MACHINE_IDS", (Path("/nowhere/machine-id"),))
    first = node()
    monkeypatch.setattr(module.platform, "node", lambda: "host-b")
    assert node() != first
