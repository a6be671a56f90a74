"""A classifier as a file: it comes back as it was, and a file that is broken or hostile is refused in words."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.text_classifier import TextClassifier, TextFeatures, fit_labels, load_classifier, save_classifier

SMALL = TextFeatures(n_features=16)
WHERE = "system 'h': router"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "router.npz"


def good() -> dict[str, Any]:
    """The arrays of a file that is right."""
    return {
        "labels": np.array(["a", "b"]),
        "coef": np.zeros((2, 16)),
        "intercept": np.zeros(2),
        "cost": np.ones(2),
        "features": np.array(SMALL.model_dump_json()),
    }


def written(path: Path, **arrays: Any) -> Path:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return path


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=9), min_size=2,
                    max_size=4, unique=True),
    seed=st.integers(0, 99),
    texts=st.lists(st.text(max_size=60), min_size=1, max_size=5),
)  # fmt: skip
def test_it_comes_back_as_it_was(path: Path, labels: list[str], seed: int, texts: list[str]) -> None:
    rng = np.random.default_rng(seed)
    coef, intercept, cost = rng.normal(size=(len(labels), 16)), rng.random(len(labels)), rng.random(len(labels))
    model = TextClassifier(tuple(labels), SMALL, coef, intercept)
    save_classifier(path, model, cost)
    restored = load_classifier(path, where=WHERE)
    assert (restored.labels, restored.bytes) == (tuple(labels), path.stat().st_size)
    assert (restored.cost == cost).all()
    assert (restored.scores(texts) == model.scores(texts)).all()
    assert restored.scores(texts) == pytest.approx(SMALL.matrix(texts).toarray() @ coef.T + intercept)


def test_the_same_texts_make_the_same_file(path: Path) -> None:
    files = []
    for _ in range(2):
        save_classifier(path, fit_labels(["what is 3 + 4", "add 12 and 30", "spell cat", "who is her"], list("aabb")))
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert (load_classifier(path, where=WHERE).cost == 0).all()


def features_with(**changes: Any) -> Any:
    return np.array(json.dumps(SMALL.model_dump() | changes))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"labels": np.array(["a", "a"])}, "1 different labels of 2"),
        ({"labels": np.array(["a"])}, "1 different labels of 1"),
        ({"labels": np.array([str(i) for i in range(300)])}, "300 different labels"),
        ({"labels": np.array([1, 2])}, "labels has type int64"),
        ({"labels": np.array(["a", "b", "c"])}, r"coef has shape \(2, 16\), not \(3, 16\)"),
        ({"coef": np.zeros((2, 15))}, r"coef has shape \(2, 15\), not \(2, 16\)"),
        ({"coef": np.zeros((2, 16), dtype=complex)}, "coef has type complex128"),
        ({"coef": np.zeros(2)}, r"coef has type float64 and shape \(2,\)"),
        ({"coef": np.full((2, 16), np.nan)}, "not all finite"),
        ({"coef": np.full((2, 16), 1e300)}, "not all finite and within"),
        ({"intercept": np.array([0, np.inf])}, "not all finite"),
        ({"intercept": np.zeros(3)}, r"intercept has shape \(3,\), not \(2,\)"),
        ({"cost": np.array([1.0, np.inf])}, "not all finite"),
        ({"cost": np.zeros((2, 1))}, r"cost has type float64 and shape \(2, 1\)"),
        ({"features": np.array("{")}, "features: .*JSON"),
        ({"features": features_with(token_pattern="(a+)+$")}, "token_pattern: Extra inputs are not permitted"),
        ({"features": features_with(n_features=2**40)}, "n_features: Input should be less than"),
        ({"features": features_with(ngram_range=[1, 10**6])}, "ngram_range.1: Input should be less than"),
        ({"features": features_with(analyzer="os.system")}, "analyzer: Input should be 'word'"),
        ({"features": features_with(input="filename")}, "input: Extra inputs are not permitted"),
        ({"more": np.zeros(1)}, "it does not hold the arrays labels, coef, intercept, cost, features, each once"),
        # What a pickle would run if it were read.
        ({"coef": np.array([[print]], dtype=object)}, "allow_pickle=False"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_said(path: Path, change: dict[str, Any], expected: str) -> None:
    written(path, **(good() | change))
    with pytest.raises(UserError, match=expected):
        load_classifier(path, where=WHERE)


@pytest.mark.parametrize("names", [("classes",), ("members", "cost")])
def test_a_file_of_an_earlier_version_is_to_be_written_again(path: Path, names: tuple[str, ...]) -> None:
    written(path, **dict.fromkeys((*names, "coef", "intercept", "vectorizer"), np.zeros(2)))
    with pytest.raises(UserError, match=r"an earlier version wrote it. Write it again: wattbench router fit, "):
        load_classifier(path, where=WHERE)


def test_what_is_no_such_file_is_refused(path: Path) -> None:
    with pytest.raises(UserError, match=r"system 'h': router: .*: no such file"):
        load_classifier(path, where=WHERE)
    path.write_bytes(pickle.dumps(good()))
    with pytest.raises(UserError, match="BadZipFile"):
        load_classifier(path, where=WHERE)


def test_what_would_unpack_into_too_much_is_not_unpacked(path: Path) -> None:
    written(path, **(good() | {"coef": np.zeros((2, 2**24))}))
    assert path.stat().st_size < 2**20
    with pytest.raises(UserError, match="its arrays are larger than 256 MiB"):
        load_classifier(path, where=WHERE)
    with path.open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(UserError, match="larger than 67,108,864 bytes"):
        load_classifier(path, where=WHERE)


def test_a_header_that_claims_more_than_there_is_is_refused(path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**10)})
    whole = zipfile.ZipFile(written(path, **good()))
    members = {name: whole.read(name) for name in whole.namelist()} | {"coef.npy": header.getvalue()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(UserError, match="is not a text classifier"):
        load_classifier(path, where=WHERE)
