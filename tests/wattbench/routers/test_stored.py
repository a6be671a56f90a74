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
from wattbench.routers.stored import VectorizerSettings, load_classifier, read_stored, save_classifier
from wattbench.train.classifier import fit_classifier

SMALL = VectorizerSettings(n_features=16)
TEXTS = [
    "what is 3 + 4",
    "add 12 and 30",
    "spell cat backwards",
    "how many letters",
    "is every cat a dog",
    "who is her",
]


class Model:
    """What is left of a fitted LogisticRegression."""

    def __init__(self, classes: Any, coef: Any, intercept: Any) -> None:
        self.classes_, self.coef_, self.intercept_ = np.array(classes), np.array(coef), np.array(intercept)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "router.npz"


def good() -> dict[str, Any]:
    """The arrays of a file that is right."""
    return {
        "classes": np.array(["a", "b", "c"]),
        "coef": np.zeros((3, 16)),
        "intercept": np.zeros(3),
        "vectorizer": np.array(SMALL.model_dump_json()),
    }


def written(path: Path, **arrays: Any) -> Path:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return path


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.lists(st.sampled_from(["arithmetic", "text", "logic", "γεια"]), min_size=6, max_size=6).filter(
        lambda labels: len(set(labels)) > 1
    ),
    unseen=st.lists(st.text(max_size=60), min_size=1, max_size=5),
)
def test_it_comes_back_as_it_was(path: Path, labels: list[str], unseen: list[str]) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    chosen, model = fit_classifier(TEXTS, labels, seed=1)
    save_classifier(path, chosen, model)
    shares = model.predict_proba(HashingVectorizer(**chosen.model_dump()).transform(TEXTS + unseen))
    restored = load_classifier(path)
    assert restored.stored.classes == tuple(model.classes_)
    assert restored.likeliest(TEXTS + unseen) == [(model.classes_[row.argmax()], row.max()) for row in shares]


def test_the_same_model_makes_the_same_file(path: Path) -> None:
    files = []
    for _ in range(2):
        save_classifier(path, *fit_classifier(TEXTS, list("aabbcc"), seed=1))
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert read_stored(path, where="x").bytes == len(files[0])
    with pytest.raises(UserError, match=r"texts of at least two members \(here: 1\)"):
        fit_classifier(TEXTS, ["a"] * 6, seed=1)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_bytes_it_loads_or_says_what_is_wrong(path: Path, data: st.DataObject) -> None:
    whole = written(path, **good()).read_bytes()
    kind = data.draw(st.sampled_from(["noise", "cut", "flipped"]))
    if kind == "noise":
        broken = data.draw(st.binary(max_size=300))
    elif kind == "cut":
        broken = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        broken = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    path.write_bytes(broken)
    said, stored = "", None
    try:
        stored = read_stored(path, where="system 'h': router")
    except UserError as error:
        said = str(error)
    if stored is None:
        assert said.startswith(f"system 'h': router: {path} is not a classifier")
        assert "\n" not in said
    else:  # a flipped bit of a time stamp changes nothing
        assert stored.classes == ("a", "b", "c")


def settings_with(**changes: Any) -> Any:
    return np.array(json.dumps(SMALL.model_dump() | changes))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"classes": np.array(["a", "b", "b"])}, "2 different classes of 3"),
        ({"classes": np.array(["a"])}, "1 different classes of 1"),
        ({"classes": np.array([str(i) for i in range(300)])}, "300 different classes"),
        ({"classes": np.array([1, 2, 3])}, "classes has type int64"),
        ({"classes": np.array(["a", "b"])}, r"coef has shape \(3, 16\) .* not \(1, 16\)"),
        ({"coef": np.zeros((3, 15))}, r"coef has shape \(3, 15\)"),
        ({"coef": np.zeros((3, 16), dtype=complex)}, "coef has type complex128"),
        ({"coef": np.zeros(3)}, r"coef has type float64 and shape \(3,\)"),
        ({"coef": np.full((3, 16), np.nan)}, "not all finite"),
        ({"coef": np.full((3, 16), 1e300)}, "not all finite and within"),
        ({"intercept": np.array([0, 0, np.inf])}, "not all finite"),
        ({"intercept": np.zeros(2)}, r"intercept \(2,\)"),
        ({"vectorizer": np.array("{")}, "vectorizer: .*JSON"),
        ({"vectorizer": settings_with(token_pattern="(a+)+$")}, "token_pattern: Extra inputs are not permitted"),
        ({"vectorizer": settings_with(n_features=2**40)}, "n_features: Input should be less than"),
        ({"vectorizer": settings_with(ngram_range=[1, 10**6])}, "ngram_range.1: Input should be less than"),
        ({"vectorizer": settings_with(ngram_range=[3, 1])}, "ngram_range runs from 3 to 1"),
        ({"vectorizer": settings_with(analyzer="os.system")}, "analyzer: Input should be 'word'"),
        ({"vectorizer": settings_with(input="filename")}, "input: Extra inputs are not permitted"),
        ({"more": np.zeros(1)}, "it does not hold the arrays classes, coef, intercept, vectorizer, each once"),
        # What a pickle would run if it were read.
        ({"coef": np.array([[print]], dtype=object)}, "allow_pickle=False"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_said(path: Path, change: dict[str, Any], expected: str) -> None:
    written(path, **(good() | change))
    with pytest.raises(UserError, match=expected):
        load_classifier(path, where="system 'h': router")


def test_a_pickle_under_its_name_is_refused(path: Path) -> None:
    path.write_bytes(pickle.dumps(good()))
    with pytest.raises(UserError, match="BadZipFile"):
        load_classifier(path)


@pytest.mark.slow
def test_what_would_unpack_into_too_much_is_not_unpacked(path: Path) -> None:
    written(path, **(good() | {"coef": np.zeros((3, 2**24))}))
    assert path.stat().st_size < 2**20
    with pytest.raises(UserError, match="its arrays are larger than 256 MiB"):
        read_stored(path, where="x")
    with path.open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(UserError, match="larger than 67,108,864 bytes"):
        read_stored(path, where="x")


def test_a_header_that_claims_more_than_there_is_is_refused(path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**10)})
    whole = zipfile.ZipFile(written(path, **good()))
    members = {name: whole.read(name) for name in whole.namelist()} | {"coef.npy": header.getvalue()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(UserError, match="is not a classifier"):
        read_stored(path, where="x")


def test_a_file_that_is_not_there_is_said(path: Path) -> None:
    with pytest.raises(UserError, match=r"system 'h': router: .*: no such file"):
        load_classifier(path, where="system 'h': router")
