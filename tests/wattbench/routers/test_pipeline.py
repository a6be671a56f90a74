"""Pipelines of scikit-learn in files of skops: what is loaded, and what is refused without running anything of it."""

from __future__ import annotations

import io
import json
import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy.sparse import csr_matrix, save_npz
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from wattbench.config import Router as RouterConfig
from wattbench.config import System
from wattbench.errors import UserError
from wattbench.routers import Attempt, Question, Setup, open_router, pipeline, router_class
from wattbench.routers.pipeline import load_pipeline

pytestmark = pytest.mark.slow  # skops loads every part of scikit-learn, which loads PyTorch

TEXTS = [*(f"the invoice {n} is wrong" for n in range(8)), *(f"the app {n} crashes" for n in range(8))]
LABELS = ["bills"] * 8 + ["bugs"] * 8
MEMBERS = {"bills": "rules", "bugs": "model", "rest": "large"}


def fitted(*steps: Any) -> Pipeline:
    return make_pipeline(*steps).fit(TEXTS, LABELS)


def saved(folder: Path, model: Any) -> Path:
    import skops.io

    skops.io.dump(model, folder / "model.skops")
    return folder / "model.skops"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(tmp_path, fitted(CountVectorizer(), MultinomialNB()))


def test_a_pipeline_is_loaded_with_its_classes_its_digest_and_its_versions(path: Path) -> None:
    loaded = load_pipeline(path, [], where="s")
    assert loaded.classes == ("bills", "bugs")
    assert loaded.bytes == path.stat().st_size
    assert len(loaded.sha256) == 64
    assert loaded.version.startswith("scikit-learn ")
    assert "; skops " in loaded.version
    assert loaded.classify(["an invoice", "it crashes"], sure=False) == [("bills", None), ("bugs", None)]
    [(label, share)] = loaded.classify(["the invoice"], sure=True)
    assert label == "bills"
    assert 0.5 < share < 1


def test_a_file_of_another_version_is_said(path: Path) -> None:
    rewritten(path, lambda schema: schema.replace(f'\\"{__import__("sklearn").__version__}\\"', '\\"1.2.3\\"'))
    assert "(file written with 1.2.3)" in load_pipeline(path, [], where="s").version


def rewritten(path: Path, change: Any, more: dict[str, bytes] | None = None) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    parts["schema.json"] = change(parts["schema.json"].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(more or {})}.items():
            archive.writestr(name, data)


def in_capitals(texts: list[str]) -> list[str]:
    return [text.upper() for text in texts]


class Bomb:
    """Something that says when it is built."""

    built = False

    def __init__(self) -> None:
        self.classes_ = ["a", "b"]

    def __setstate__(self, state: Any) -> None:
        type(self).built = True


def test_a_type_that_is_not_trusted_is_named_and_never_built(tmp_path: Path) -> None:
    path = saved(tmp_path, Bomb())
    with pytest.raises(UserError, match=r"model\.skops has types that are not trusted: .*test_pipeline\.Bomb.*python"):
        load_pipeline(path, [], where="system 's'")
    assert not Bomb.built
    called = saved(tmp_path, fitted(FunctionTransformer(in_capitals), CountVectorizer(), MultinomialNB()))
    with pytest.raises(UserError, match=r"not trusted: .*in_capitals"):
        load_pipeline(called, [], where="s")


def test_trees_need_trust_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, fitted(CountVectorizer(), RandomForestClassifier(2)))
    with pytest.raises(
        UserError, match=r"sklearn.tree._tree.Tree. If the file is your own, list them in the suite: trusted"
    ):
        load_pipeline(path, [], where="s")
    loaded = load_pipeline(path, ["sklearn.tree._tree.Tree"], where="s")
    assert loaded.classify([TEXTS[0]], sure=False)[0][0] == "bills"
    with pytest.raises(ValidationError, match="trusted"):
        router_settings(path, trusted=["os.system"])


@pytest.mark.parametrize("name", ["m.joblib", "m.pkl", "M.PICKLE"])
def test_a_pickle_is_refused_by_its_name_and_by_its_content(tmp_path: Path, name: str) -> None:
    expected = r"skops.io.dump\(pipeline, 'model.skops'\)"
    for settings, of in (
        ({"type": "sklearn", "model": name}, RouterConfig),
        ({"kind": "specialist", "engine": "sklearn", "model": name}, System),
    ):
        with pytest.raises(ValidationError, match="is a pickle.*" + expected):
            TypeAdapter(of).validate_python(settings)
    (tmp_path / "m.skops").write_bytes(pickle.dumps(fitted(CountVectorizer(), MultinomialNB())))
    with pytest.raises(UserError, match="no file of skops.*" + expected):
        load_pipeline(tmp_path / "m.skops", [], where="s")


def test_a_file_that_unpacks_into_too_much_is_refused_unread(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MAX_UNPACKED_BYTES", 1 << 20)
    zeros = io.BytesIO()
    save_npz(zeros, csr_matrix(np.ones((1, 200_000))))
    whole = path.read_bytes()
    for more, expected in (
        ({"zeros.npy": bytes(2 << 20)}, "unpacks into more"),
        ({"zeros.npz": zeros.getvalue()}, "matrices unpack into more"),
    ):
        path.write_bytes(whole)
        rewritten(path, str, more)
        assert path.stat().st_size < 1 << 17
        with pytest.raises(UserError, match=expected):
            load_pipeline(path, [], where="s")
    path.write_bytes(whole)
    monkeypatch.setattr(pipeline, "MAX_FILE_BYTES", 1000)
    with pytest.raises(UserError, match="is larger than"):
        load_pipeline(path, [], where="s")
    with pytest.raises(UserError, match="no such file"):
        load_pipeline(tmp_path / "other.skops", [], where="s")


def test_a_part_whose_size_is_not_bounded_by_what_it_states_is_refused(path: Path) -> None:
    """Of bzip2, all is unpacked at once: 4 KB took 4 GB."""
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    inner = io.BytesIO()
    for compression, target in ((zipfile.ZIP_BZIP2, inner), (zipfile.ZIP_LZMA, path), (zipfile.ZIP_BZIP2, path)):
        with zipfile.ZipFile(target, "w", compression) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        if target is path:
            with pytest.raises(UserError, match="its compression is another"):
                load_pipeline(path, [], where="s")
    path.write_bytes(saved(path.parent, fitted(CountVectorizer(), MultinomialNB())).read_bytes())
    rewritten(path, str, {"inner.npz": inner.getvalue()})
    with pytest.raises(UserError, match="its compression is another"):
        load_pipeline(path, [], where="s")


def test_objects_that_refer_to_each_other_without_end_are_refused(path: Path) -> None:
    """Each of 60 lists holds the one before it twice: skops would look at 2^60."""
    of = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    lists: dict[str, Any] = {**of, "__id__": 0, "content": []}
    for number in range(1, 60):
        lists = {**of, "__id__": number, "content": [lists, {**of, "__id__": number - 1, "content": []}]}
    rewritten(path, lambda schema: json.dumps(json.loads(schema) | {"more": lists}))
    with pytest.raises(UserError, match="refer to each other more often"):
        load_pipeline(path, [], where="s")


@pytest.mark.parametrize(
    ("step", "field", "value", "said"),
    [
        (CountVectorizer(), "vocabulary_", {"invoice": 10**9, "app": 0}, "does not number its words"),
        (CountVectorizer(), "vocabulary_", {"invoice": -1, "app": 0}, "does not number its words"),
        (CountVectorizer(), "vocabulary_", {"invoice": 0, "app": 0}, "does not number its words"),
        (HashingVectorizer(), "n_features", 0, "hashes words into no columns"),
        (HashingVectorizer(), "n_features", -7, "hashes words into no columns"),
        (CountVectorizer(), "input", "filename", "null byte"),
        (CountVectorizer(), "input", "file", "no attribute 'read'"),
    ],
)
def test_what_would_end_the_process_or_read_files_is_found_in_every_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any, field: str, value: Any, said: str
) -> None:
    """In a classifier within another, whose settings do not show it."""
    model = CalibratedClassifierCV(make_pipeline(step, LogisticRegression()), cv=2).fit(TEXTS, LABELS)
    for each in model.calibrated_classifiers_:
        setattr(each.estimator[0], field, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a text").write_text("what a vectorizer would read")
    with pytest.raises(UserError, match=f"no fitted classifier of texts: .*{said}"):
        load_pipeline(saved(tmp_path, model), [], where="s")


def test_no_part_starts_more_jobs_than_the_machine_has_processors(tmp_path: Path) -> None:
    union = FeatureUnion([("a", CountVectorizer()), ("b", CountVectorizer())])
    model = fitted(union, MultinomialNB())
    model[0].n_jobs = 100_000
    loaded = load_pipeline(saved(tmp_path, model), [], where="s")
    assert loaded.model[0].n_jobs == os.cpu_count()


def test_an_array_without_bytes_is_no_list_of_classes(tmp_path: Path) -> None:
    model = fitted(CountVectorizer(), MultinomialNB())
    model[-1].classes_ = np.zeros(10**9, dtype="V0")
    with pytest.raises(UserError, match=r"it has 1000000000 classes \(2 to 1000 wanted\)"):
        load_pipeline(saved(tmp_path, model), [], where="s")


def test_damaged_files_end_in_a_sentence(path: Path) -> None:
    whole = path.read_bytes()
    refused = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        data = bytearray(whole)
        for place in random.integers(0, len(data), 20).tolist():
            data[place] = int(random.integers(256))
        path.write_bytes(bytes(data if seed % 2 else data[: int(random.integers(len(data)))]))
        try:
            load_pipeline(path, [], where="s").classify(TEXTS, sure=True)
        except UserError as error:
            refused.append(str(error))
    assert len(refused) >= 20  # what was cut, at least
    assert all(str(path) in text for text in refused)


@pytest.mark.parametrize("schema", ["[]", "{}", "null", '{"protocol": 99}', "[" * 100_000, '{"protocol": 1'])
def test_a_schema_of_any_kind_ends_in_a_sentence(path: Path, schema: str) -> None:
    rewritten(path, lambda _: schema)
    with pytest.raises(UserError, match=r"model\.skops (cannot be loaded|is no file of skops)"):
        load_pipeline(path, [], where="s")


def test_what_is_no_classifier_of_texts_is_refused(tmp_path: Path) -> None:
    numbers = LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])
    one_class = make_pipeline(CountVectorizer(), DummyClassifier()).fit(TEXTS, ["a"] * 16)
    regression = make_pipeline(CountVectorizer(), LinearRegression()).fit(TEXTS, range(16))
    reader = fitted(CountVectorizer(), MultinomialNB()).set_params(countvectorizer__input="filename")
    for model in (numbers, one_class, regression, reader, make_pipeline(CountVectorizer(), MultinomialNB())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = saved(tmp_path, model)
        with pytest.raises(UserError, match=r"no fitted classifier of texts: .*Save the whole pipeline"):
            load_pipeline(path, [], where="s")


def test_a_pipeline_that_fails_is_said_with_the_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_pipeline(path, [], where="system 's'")
    monkeypatch.setattr(loaded.model, "predict", lambda texts: [[1, 2]])
    with pytest.raises(
        UserError, match=r"system 's': the pipeline .* failed on 1 texts, the first ending 'abc': Value"
    ):
        loaded.classify(["abc"], sure=False)


def router_settings(path: Path, **settings: Any) -> Any:
    return TypeAdapter(RouterConfig).validate_python({"type": "sklearn", "model": path, **settings})


def routed(path: Path, *questions: Question, members: dict[str, str] = MEMBERS, **settings: Any) -> list[Any]:
    router = open_router(router_settings(path, **settings), Setup("the router", members, "rest", 0, None))
    assert list(router.parts.values()) == [path.stat().st_size]
    return router.route(questions, lambda system, batch: [Attempt(system) for _ in batch])


def test_a_router_chooses_by_the_input_where_there_is_one(path: Path) -> None:
    both = Question("Sort this, invoice or crashes", None, 1, "it crashes"), Question("the invoice", None, 2)
    assert [each.systems for each in routed(path, *both)] == [("model",), ("rules",)]
    assert all(0.5 < each.score <= 1 for each in routed(path, *both))
    unknown = Question("", None, 3, "xyz")
    assert routed(path, unknown, min_score=0.8)[0].systems == ("large",)


def test_a_router_of_other_classes_or_without_probabilities_is_refused(path: Path, tmp_path: Path) -> None:
    check = router_class("sklearn").check
    with pytest.raises(UserError, match=r"chooses between 'bills', 'bugs', and 'bugs' is not among the members: bills"):
        check("the router", router_settings(path), {"bills": "a"})
    check("the router", router_settings(path), MEMBERS)
    path = saved(tmp_path, fitted(HashingVectorizer(), LinearSVC()))
    assert routed(path, Question("the invoice", None, 1))[0].score is None
    with pytest.raises(UserError, match=r"min_score: .* gives no probabilities"):
        check("the router", router_settings(path, min_score=0.5), MEMBERS)


def test_settings_are_those_of_the_file(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("schema.json"))["_skops_version"] in load_pipeline(path, [], where="s").version
