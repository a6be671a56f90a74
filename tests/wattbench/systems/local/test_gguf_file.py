"""A GGUF file is parsed once while a model is loaded, and the parser is as it was afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy as np
import pytest

from wattbench.systems.local.gguf_file import parsed_once

PARSER = "transformers.modeling_gguf_pytorch_utils"


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


def test_the_parser_is_as_it_was_after_a_failure(parsed: list[str]) -> None:
    original = gguf.GGUFReader
    with pytest.raises(ValueError, match="torn"), parsed_once():
        raise ValueError("torn")
    assert gguf.GGUFReader is original


def test_a_value_is_parsed_once_until_the_block_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def parse(value: bytes, types: list[int]) -> tuple[bytes, int]:
        parsed.append(value)
        return value, types[0]

    parser = SimpleNamespace(_gguf_parse_value=parse)
    monkeypatch.setitem(sys.modules, PARSER, parser)
    one, alike = bytes(bytearray(b"token")), bytes(bytearray(b"token"))
    with parsed_once():
        assert [parser._gguf_parse_value(one, [8]) for _ in range(3)] == [(b"token", 8)] * 3
        assert parsed == [one]
        # Values that are thrown away at once would have the same id, one after the other.
        assert [parser._gguf_parse_value(bytes([65, at]), [8])[0][1] for at in range(9)] == list(range(9))
        parser._gguf_parse_value(alike, [8])
        assert len(parsed) == 11
    assert parser._gguf_parse_value is parse


def test_a_parser_without_the_function_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = SimpleNamespace()
    monkeypatch.setitem(sys.modules, PARSER, parser)
    with parsed_once():
        assert vars(parser) == {}
    assert vars(parser) == {}


def test_transformers_without_that_parser_is_no_error(monkeypatch: pytest.MonkeyPatch, parsed: list[str]) -> None:
    monkeypatch.setitem(sys.modules, PARSER, None)  # as if it were not there
    with parsed_once():
        assert gguf.GGUFReader("a.gguf") is gguf.GGUFReader("a.gguf")
    assert parsed == ["a.gguf"]
