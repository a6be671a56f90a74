"""A signature of a run is that of a key that counts, and of the run as it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.made_up.rows import HEADER
from wattbench.errors import UserError
from wattbench.records import RunLayout, RunWriter
from wattbench.records.finish_record import run_files
from wattbench.records.signature import sign, signer

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@pytest.fixture
def run(tmp_path: Path) -> RunLayout:
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        writer.finish([], [], "2026-01-01T00:00:00+00:00")
    return RunLayout(tmp_path / "run")


def key_of(folder: Path, name: str) -> tuple[Path, str]:
    """Make a key, and return it and its line in a file of keys that count."""
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    return key, f"{name}@example.org {key.with_suffix('.pub').read_text()}"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A key, and a file in which it counts."""
    key, line = key_of(tmp_path, "ann")
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(line)
    return key, allowed


def test_the_signer_is_named(run: RunLayout, keys: tuple[Path, Path]) -> None:
    key, allowed = keys
    assert sign(run, key).name not in run_files(run), "it is no file that came later"
    assert signer(run, allowed) == "ann@example.org"


def test_another_key_does_not_count(run: RunLayout, keys: tuple[Path, Path], tmp_path: Path) -> None:
    other, _ = key_of(tmp_path, "bob")
    sign(run, other)
    with pytest.raises(UserError, match="no key in"):
        signer(run, keys[1])


def test_a_run_that_was_changed_is_not_the_signed_one(run: RunLayout, keys: tuple[Path, Path]) -> None:
    sign(run, keys[0])
    run.finished.write_text(run.finished.read_text().replace("2026-01-01", "2026-01-02"))
    with pytest.raises(UserError, match="no signature of this run by ann"):
        signer(run, keys[1])


def test_a_signature_for_something_else_does_not_count(run: RunLayout, keys: tuple[Path, Path]) -> None:
    key, allowed = keys
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "git", run.finished], check=True)
    with pytest.raises(UserError, match="no signature of this run by ann"):
        signer(run, allowed)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"-----BEGIN SSH SIGNATURE-----\n", b"a" * (1 << 17)])
def test_what_is_no_signature_is_refused(run: RunLayout, keys: tuple[Path, Path], content: bytes) -> None:
    run.signature.write_bytes(content)
    with pytest.raises(UserError, match="finished"):
        signer(run, keys[1])


def test_what_is_missing_is_named(run: RunLayout, keys: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is not signed"):
        signer(run, keys[1])
    with pytest.raises(UserError, match="no file of keys"):
        signer(run, tmp_path / "none")
    with pytest.raises(UserError, match="ssh-keygen cannot sign with it"):
        sign(run, tmp_path / "none")
    run.finished.unlink()
    with pytest.raises(UserError, match="only a finished run is signed"):
        sign(run, keys[0])


def test_without_openssh_it_says_so(
    run: RunLayout, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="need ssh-keygen"):
        sign(run, keys[0])
