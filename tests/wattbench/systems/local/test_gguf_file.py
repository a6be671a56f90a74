"""A GGUF file is parsed once while a model is loaded, and the parser is as it was afterwards."""

from __future__ import annotations

import gguf
import pytest

from wattbench.systems.local.gguf_file import parsed_once


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


def test_a_table_of_tensor_names_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "get_tensor_name_map", lambda architecture, layers: [architecture, layers])
    with parsed_once():
        assert gguf.get_tensor_name_map("llama", 2) is gguf.get_tensor_name_map("llama", 2)
        assert gguf.get_tensor_name_map("llama", 3) == ["llama", 3]
    assert gguf.get_tensor_name_map("llama", 2) is not gguf.get_tensor_name_map("llama", 2)


def test_the_parser_is_as_it_was_after_a_failure(parsed: list[str]) -> None:
    original = gguf.GGUFReader
    with pytest.raises(ValueError, match="torn"), parsed_once():
        raise ValueError("torn")
    assert gguf.GGUFReader is original
