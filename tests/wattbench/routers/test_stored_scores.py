"""A router of predicted scores as a file: it comes back as it was; a file that is broken or hostile is refused."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.routers.stored import VectorizerSettings
from wattbench.routers.stored_scores import load_scores, read_scores, save_scores

SMALL = VectorizerSettings(n_features=16)
NUMBERS = st.floats(-1e6, 1e6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "router.npz"


def good() -> dict[str, Any]:
    """The arrays of a file that is right."""
    return {
        "members": np.array(["a", "b"]),
        "coef": np.zeros((2, 16)),
        "intercept": np.zeros(2),
        "cost": np.ones(2),
        "vectorizer": np.array(SMALL.model_dump_json()),
    }


def written(**arrays: Any) -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    members=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=9), min_size=2,
                     max_size=4, unique=True),
    seed=st.integers(0, 99),
    texts=st.lists(st.text(max_size=60), min_size=1, max_size=5),
)  # fmt: skip
def test_it_comes_back_as_it_was(path: Path, members: list[str], seed: int, texts: list[str]) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    rng = np.random.default_rng(seed)
    coef, intercept, cost = rng.normal(size=(len(members), 16)), rng.random(len(members)), rng.random(len(members))
    save_scores(path, SMALL, members, coef, intercept, cost)
    first = path.read_bytes()
    save_scores(path, SMALL, members, coef, intercept, cost)
    assert path.read_bytes() == first
    scores = load_scores(path)
    assert scores.stored.members == tuple(members)
    assert (scores.stored.cost == cost).all()
    assert scores.stored.bytes == len(first)
    features = HashingVectorizer(**SMALL.model_dump()).transform(texts).toarray()
    assert np.allclose(scores.predict(texts), features @ coef.T + intercept)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_bytes_it_loads_or_says_what_is_wrong(path: Path, data: st.DataObject) -> None:
    whole = written(**good())
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
        stored = read_scores(path, where="system 'h': router")
    except UserError as error:
        said = str(error)
    if stored is None:
        assert said.startswith(f"system 'h': router: {path} is not a router as `wattbench route --write` writes it: ")
        assert "\n" not in said
    else:  # a flipped bit of a time stamp changes nothing
        assert stored.members == ("a", "b")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"members": np.array(["a", "a"])}, "1 different members of 2"),
        ({"members": np.array(["a"])}, "1 different members of 1"),
        ({"members": np.array([1, 2])}, "members has type int64"),
        ({"members": np.array(["a", "b", "c"])}, r"coef has shape \(2, 16\), not \(3, 16\)"),
        ({"coef": np.zeros((2, 15))}, r"coef has shape \(2, 15\), not \(2, 16\)"),
        ({"coef": np.full((2, 16), np.nan)}, "not all finite"),
        ({"coef": np.full((2, 16), 1e300)}, "not all finite and within"),
        ({"intercept": np.zeros(3)}, r"intercept has shape \(3,\), not \(2,\)"),
        ({"cost": np.array([1.0, np.inf])}, "not all finite"),
        ({"cost": np.zeros((2, 1))}, r"cost has type float64 and shape \(2, 1\)"),
        ({"vectorizer": np.array("{")}, "vectorizer: .*JSON"),
        (
            {"vectorizer": np.array(json.dumps(SMALL.model_dump() | {"token_pattern": "(a+)+$"}))},
            "token_pattern: Extra inputs are not permitted",
        ),
        ({"more": np.zeros(1)}, "it does not hold the arrays members, coef, intercept, cost, vectorizer, each once"),
        # What a pickle would run if it were read.
        ({"coef": np.array([[print]], dtype=object)}, "allow_pickle=False"),
    ],
)
def test_what_is_wrong_in_it_is_said(path: Path, change: dict[str, Any], expected: str) -> None:
    path.write_bytes(written(**(good() | change)))
    with pytest.raises(UserError, match=expected):
        read_scores(path, where="system 'h': router")


@pytest.mark.slow
def test_what_is_no_such_file_is_refused(path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_scores(path)
    path.write_bytes(pickle.dumps(good()))
    with pytest.raises(UserError, match="BadZipFile"):
        load_scores(path)
    path.write_bytes(written(**(good() | {"coef": np.zeros((2, 2**24))})))
    with pytest.raises(UserError, match="its arrays are larger than 256 MiB"):
        load_scores(path)
