"""Two checkouts of one repository in one process: modules of the same name do not mix."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lm_eval.api.instance import Instance

from wattbench.callables import comes_from, modules_of
from wattbench.config import Checkout, PythonSystem
from wattbench.errors import UserError
from wattbench.systems import Engine, open_engine

RULES = """
import words
from shop import prices

def topic(text):
    return f"{words.NAME} {prices.NAME} {LATE()}"

def LATE():
    import late
    from shop.deep import NAME
    import importlib
    return f"{late.NAME} {NAME} {importlib.import_module('dynamic').NAME}"
"""
MODULES = ("words", "late", "dynamic", "shop/prices", "shop/deep/__init__")


def checkout(root: Path, name: str) -> Path:
    for module in MODULES:
        path = root / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n")
    (root / "rules.py").write_text(RULES)
    (root / "shop" / "__init__.py").write_text("from shop.prices import NAME\n")
    return root


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Checkout]]:
    """The base's files and the working tree's, which is on the import path."""
    here = checkout(tmp_path / "here", "here")
    base = checkout(tmp_path / "base", "base")
    monkeypatch.syspath_prepend(here)
    before = set(sys.modules)
    yield {"base": Checkout(root=base, working_tree=here), "here": Checkout(root=here, working_tree=here)}
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"words", "late", "dynamic", "shop", "rules"}:
            del sys.modules[name]


def opened(call: str, where: Checkout) -> Engine:
    config = PythonSystem(kind="specialist", engine="python", call=call, checkout=where)
    return open_engine("s", config, batch=1, seed=0)


def ask(engine: Engine) -> str:
    return str(engine.answer("generate_until", [Instance("generate_until", {}, ("text", {}), 0)])[0].value)


@pytest.mark.parametrize("form", ["rules:topic", "{root}/rules.py:topic"])
@pytest.mark.parametrize("first", ["base", "here"])
def test_each_side_has_its_own_modules_however_they_are_imported(
    two: dict[str, Checkout], form: str, first: str
) -> None:
    sides = {name: form.format(root=where.root) for name, where in two.items()}
    order = [first, *({"base", "here"} - {first})]
    engines = {name: opened(sides[name], two[name]) for name in order}
    for name in (*order, *reversed(order), *order):
        assert ask(engines[name]) == " ".join([name] * 5)
    assert engines["base"].facts().weights_sha256 == engines["here"].facts().weights_sha256
    for engine in engines.values():
        engine.close()
    assert "words" not in sys.modules
    assert not any(type(finder).__name__ == "CheckoutModules" for finder in sys.meta_path)


def test_what_the_process_had_imported_before_is_there_again_afterwards(two: dict[str, Checkout]) -> None:
    import words  # type: ignore[import-not-found]

    with opened("rules:topic", two["base"]) as engine:
        assert ask(engine).startswith("base")
    assert sys.modules["words"] is words
    assert words.NAME == "here"


@pytest.mark.slow
def test_a_system_that_is_loaded_again_imports_what_is_there_then(two: dict[str, Checkout]) -> None:
    with opened("rules:topic", two["here"]) as engine:
        assert ask(engine).startswith("here here")
    (two["here"].root / "words.py").write_text("NAME = 'edited'\n")
    with opened("rules:topic", two["here"]) as engine:
        assert ask(engine).startswith("edited here")


@pytest.mark.slow
def test_libraries_are_shared(two: dict[str, Checkout]) -> None:
    for where in two.values():
        (where.root / "rules.py").write_text("import numpy\n\ndef topic(text):\n    return id(numpy)\n")
        (where.root / "numpy").mkdir()  # a folder of data is no package
    with opened("rules:topic", two["base"]) as base:
        one = ask(base)
    with opened("rules:topic", two["here"]) as here:
        assert ask(here) == one == str(id(sys.modules["numpy"]))


def test_a_base_that_gets_a_module_of_the_working_tree_is_refused(
    two: dict[str, Checkout], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A finder of an installation in editable mode knows the folder of the working tree alone."""
    from importlib.util import spec_from_file_location

    here = two["here"].root
    where = Checkout(root=checkout(tmp_path / "other", "other"), working_tree=here)
    (where.root / "late.py").unlink()
    (where.root / "rules.py").write_text("import late\n\ndef topic(text):\n    return late.NAME\n")

    class Editable:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> object:
            return spec_from_file_location(name, here / "late.py") if name == "late" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Editable])
    with pytest.raises(UserError, match=r"late was imported from the working tree .*here/late.py.*PYTHONPATH"):
        opened("rules:topic", where)
    modules_of(where).forget()


def test_an_installed_module_comes_from_no_checkout(two: dict[str, Checkout]) -> None:
    assert comes_from("shop.prices", two["base"])
    assert not comes_from("numpy", two["base"])
