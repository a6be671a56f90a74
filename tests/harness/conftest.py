"""What tests of several rooms use: a Llama small enough to be trained in a test, and a meter that plays what it is told."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from harness.clock import now_s
from harness.meters import MeterError, Reading
from harness.systems import release_base

CHARACTERS = [*string.ascii_letters, *string.digits, *" \n.,:;!/+-*=()'\""]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of some ten thousand parameters, untrained, that reads single characters."""
    import tokenizers
    import transformers

    folder = tmp_path_factory.mktemp("tiny")
    characters = {one: place for place, one in enumerate(["<s>", "</s>", "?", *CHARACTERS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(characters, [], unk_token="?"))
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


class PlayedMeter:
    """A meter whose readings a test makes up: a function of the moment, which may raise."""

    period_s = 0.02

    def __init__(
        self,
        play: Callable[[float], Reading],
        *,
        name: str = "played",
        component: str = "cpu",
        provenance: str = "rapl",
    ) -> None:
        self.name = name
        self.step_s: Mapping[str, float] = {component: 0.001}
        self.provenance: Mapping[str, str] = {component: provenance}
        self.is_open = False
        self.reads = 0
        self._play = play

    def open(self) -> None:
        self.is_open = True

    def read(self) -> Reading:
        assert self.is_open
        self.reads += 1
        return self._play(now_s())

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def steady() -> PlayedMeter:
    """100 W of cpu, counted."""
    return PlayedMeter(lambda at_s: Reading(at_s, {"cpu": 100.0 * at_s}))


@pytest.fixture
def dead() -> PlayedMeter:
    def play(_: float) -> Reading:
        raise MeterError("it is dead")

    return PlayedMeter(play, name="dead", component="gpu0", provenance="counter")
