"""What a missing extra and a misspelt name say."""

import pytest

from wattbench.errors import MissingExtraError, nearest, require


def test_a_missing_extra_names_the_command_in_one_line() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_module_at_all", extra="hf", what="the transformers engine")
    assert str(caught.value) == (
        "the transformers engine needs an optional dependency. Install it with: pip install 'wattbench[hf]'"
    )


def test_what_is_installed_is_imported() -> None:
    assert require("json", extra="hf", what="nothing").dumps([]) == "[]"


def test_nearest_names_one_or_lists_all() -> None:
    assert nearest("generalst", ["generalist", "specialist"]) == "; did you mean 'generalist'?"
    assert nearest("zzz", ["b", "a"]) == "; choose one of: a, b"
    assert nearest("zzz", []) == ""
    assert nearest("zzz", [f"n{i:02}" for i in range(20)]).endswith("n11, ...")
