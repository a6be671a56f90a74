"""A GGUF file is parsed once while a model is loaded, and the package that reads it is as it was afterwards."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from wattbench.systems.local.base_cache import parsed_once


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that a reader was made for."""
    files: list[str] = []

    class Reader:
        def __init__(self, path: str) -> None:
            files.append(path)

    monkeypatch.setattr(gguf, "GGUFReader", Reader)
    return files


def test_each_file_has_one_reader_until_the_block_ends(parsed: list[str]) -> None:
    original = gguf.GGUFReader
    with parsed_once():
        one = gguf.GGUFReader("a.gguf")
        assert gguf.GGUFReader("a.gguf") is one
        assert gguf.GGUFReader("b.gguf") is not one
    assert parsed == ["a.gguf", "b.gguf"]
    assert gguf.GGUFReader is original
    assert gguf.GGUFReader("a.gguf") is not one


def test_a_reader_has_the_bytes_and_fields_of_the_file_in_a_plain_array(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    writer.add_token_list(["<s>", "a", "bc"])
    writer.add_tensor("t", np.arange(6, dtype=np.float32).reshape(2, 3))
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    mapped = gguf.GGUFReader(tmp_path / "a.gguf")
    with parsed_once():
        plain = gguf.GGUFReader(tmp_path / "a.gguf")
    assert type(plain.data) is np.ndarray
    assert isinstance(plain, gguf.GGUFReader)
    assert plain.data.tobytes() == (tmp_path / "a.gguf").read_bytes()
    assert {name: field.contents() for name, field in plain.fields.items()} == {
        name: field.contents() for name, field in mapped.fields.items()
    }
    [one], [other] = plain.tensors, mapped.tensors
    assert (one.name, one.shape.tolist(), one.data.tolist()) == (other.name, other.shape.tolist(), other.data.tolist())


def test_a_table_of_tensor_names_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "get_tensor_name_map", lambda architecture, layers: [architecture, layers])
    with parsed_once():
        assert gguf.get_tensor_name_map("llama", 2) is gguf.get_tensor_name_map("llama", 2)
        assert gguf.get_tensor_name_map("llama", 3) == ["llama", 3]
    assert gguf.get_tensor_name_map("llama", 2) is not gguf.get_tensor_name_map("llama", 2)


def test_the_reader_is_as_it_was_after_a_failure(parsed: list[str]) -> None:
    original = gguf.GGUFReader
    with pytest.raises(ValueError, match="torn"), parsed_once():
        raise ValueError("torn")
    assert gguf.GGUFReader is original
