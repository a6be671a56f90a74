"""`import wattbench` costs nothing, and has every name that it promises."""

from __future__ import annotations

import importlib

import pytest

import wattbench
from tests.loaded import loaded_by


def test_importing_it_loads_nothing_else() -> None:
    assert loaded_by("import wattbench") == {"wattbench"}


def test_naming_a_function_loads_nothing_heavy() -> None:
    loaded = loaded_by("import wattbench; wattbench.run, wattbench.read, wattbench.compare, wattbench.metering")
    assert not {"codecarbon", "duckdb", "lm_eval", "matplotlib", "ray", "sklearn", "torch", "transformers"} & loaded


@pytest.mark.parametrize("name", [name for name in wattbench.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_has_a_docstring(name: str) -> None:
    public = getattr(wattbench, name)
    assert public.__name__ == name
    assert public.__doc__
    assert public.__doc__.partition("\n")[0].endswith(".")


def test_all_is_sorted_listed_and_star_imported() -> None:
    assert sorted(wattbench.__all__) == wattbench.__all__
    assert set(wattbench.__all__) <= set(dir(wattbench)) | {"__version__"}
    names: dict[str, object] = {}
    exec("from wattbench import *", names)
    assert set(wattbench.__all__) - {"__version__"} <= set(names)


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"1.2.3 of {name}")
    assert wattbench.__version__ == "1.2.3 of wattbench"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wattbench' has no attribute 'reda'"):
        _ = wattbench.reda  # type: ignore[attr-defined]


def test_a_submodule_is_not_hidden_by_a_public_name() -> None:
    for name in wattbench.__all__:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"wattbench.{name}")
