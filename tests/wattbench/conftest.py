"""What tests of several rooms use: a Llama small enough to be trained in a test, a meter and a display to watch, and
the fake NVIDIA driver, compiled and loaded by the real binding."""

from __future__ import annotations

import os
import shutil
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.driver import FakeDriver, build, compiler
from tests.made_up.meters import PlayedMeter
from tests.made_up.progress import Quiet
from tests.made_up.rows import HEADER
from tests.made_up.whole_run import write_whole_run
from wattbench.config import EndpointSystem, TransformersSystem, Weights
from wattbench.meters import MeterError, Reading
from wattbench.records import RunWriter
from wattbench.systems import Engine, release_base
from wattbench.systems.local import base_cache

CHARACTERS = [*string.ascii_letters, *string.digits, *" \n.,:;!/+-*=()'\""]


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = compiler()
    if found is None:
        reason = "no C compiler (cc, gcc or clang) to build the fake NVIDIA driver with"
        if "driver" in os.environ.get("WATTBENCH_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return build(found, tmp_path_factory.mktemp("driver"))


@pytest.fixture
def driver(fake_library: Path, tmp_path: Path) -> FakeDriver:
    return FakeDriver(fake_library, tmp_path)


@pytest.fixture(scope="session")
def original_whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run with all of its lines. No test may change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        return write_whole_run(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def whole_run(original_whole_run: Path, tmp_path: Path) -> Path:
    """A copy of it, which the test may change."""
    return Path(shutil.copytree(original_whole_run, tmp_path / original_whole_run.name))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RunWriter]:
    """Of an empty run."""
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        yield writer


@pytest.fixture(scope="module")
def served_smol(smol_gguf: Path) -> Iterator[Engine]:
    """A real llama.cpp server: two slots, one thread each batch: machines that run tests share their cores."""
    from wattbench.systems.endpoint.engine import EndpointEngine

    config = EndpointSystem.model_validate(
        {
            "kind": "generalist",
            "engine": "endpoint",
            "serve": {"llamacpp": {"weights": {"path": smol_gguf}, "threads": 1, "slots": 2, "context": 1024}},
        }
    )
    with EndpointEngine.open("smol", config, batch=2, seed=7) as engine:
        yield engine


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of some ten thousand parameters, untrained, that reads single characters."""
    import tokenizers
    import transformers

    folder = tmp_path_factory.mktemp("tiny")
    characters = {one: place for place, one in enumerate(["<s>", "</s>", "?", *CHARACTERS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(characters, [], unk_token="?"))
    tokenizer.decoder = tokenizers.decoders.Fuse()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="?", pad_token="</s>"
    ).save_pretrained(folder)
    transformers.set_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=len(characters), hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, bos_token_id=0, eos_token_id=1, max_position_embeddings=256, tie_word_embeddings=True,
        initializer_range=0.1,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Iterator[Path]:
    """Its folder, for systems that name it; what they leave loaded is let go of."""
    yield tiny_folder
    release_base()


@pytest.fixture(scope="module")
def base(tiny: Path) -> Any:
    """The tiny model, loaded, with its tokenizer."""
    config = TransformersSystem(
        kind="generalist", engine="transformers", weights=Weights(path=tiny), dtype="float32", device="cpu"
    )
    held, _ = base_cache.acquire("the tests", config)
    return SimpleNamespace(model=held.model, tokenizer=held.tokenizer)


@pytest.fixture
def quiet() -> Quiet:
    return Quiet()


@pytest.fixture(scope="session")
def make_steady() -> Callable[..., PlayedMeter]:
    """Makes meters of 100 W of one component, cpu if none is named, counted."""

    def make(component: str = "cpu", name: str = "played") -> PlayedMeter:
        return PlayedMeter(lambda at_s: Reading(at_s, {component: 100.0 * at_s}), component=component, name=name)

    return make


@pytest.fixture
def steady(make_steady: Callable[..., PlayedMeter]) -> PlayedMeter:
    """100 W of cpu, counted."""
    return make_steady()


@pytest.fixture
def dead() -> PlayedMeter:
    def play(_: float) -> Reading:
        raise MeterError("it is dead")

    return PlayedMeter(play, name="dead", component="gpu0", provenance="counter")
