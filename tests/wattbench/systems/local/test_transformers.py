"""A real model in this process: its stamps, its shared base, and lm-eval's own verdict on the same requests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import pytest
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager

from wattbench.config import Measure, Prompt, TaskChoice, TransformersSystem, Weights, load_suite
from wattbench.errors import MissingExtraError, UserError
from wattbench.measure.ask_items import answer_items, answer_row, items_of
from wattbench.measure.scorer import Scorer
from wattbench.systems import base_key, open_engine, release_base
from wattbench.systems.local.base_cache import parsed_once
from wattbench.systems.local.engine import TransformersEngine
from wattbench.tasks.loading import load_task
from wattbench.tasks.requests import requests_by_document

DATA = Path(__file__).parents[3] / "data"


def system(weights: Weights, **changes: object) -> TransformersSystem:
    return TransformersSystem(
        kind="generalist", engine="transformers", weights=weights, dtype="float32", device="cpu", **changes
    )


@pytest.fixture(scope="module", autouse=True)
def _free_base() -> Iterator[None]:
    """Unpacking the GGUF file takes ten seconds or more: these tests share one base, as systems do."""
    yield
    release_base()


@pytest.fixture(scope="module")
def parsed() -> Iterator[list[Any]]:
    """The readers that were made of GGUF files."""
    readers: list[Any] = []

    class Reader(gguf.GGUFReader):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            readers.append(self)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gguf, "GGUFReader", Reader)
        yield readers


@pytest.fixture(scope="module")
def lm_evals_own(smol_gguf: Path) -> LM:
    """The same file, loaded by lm-eval itself."""
    with parsed_once():
        return get_model("hf").create_from_arg_obj(
            {"pretrained": str(smol_gguf.parent), "gguf_file": smol_gguf.name, "dtype": "float32"},
            {"device": "cpu", "batch_size": 1},
        )


def test_a_file_is_parsed_once_for_its_tokenizer_configuration_and_weights(
    parsed: list[Any], smol_weights: Weights
) -> None:
    with open_engine("s", system(smol_weights), batch=1, seed=0):  # the first here: it loads the base
        assert len(parsed) == 1


@pytest.mark.parametrize(("task", "prompt"), [("sums", Prompt(chat=True, fewshot=2)), ("choices", Prompt(fewshot=1))])
def test_scores_are_those_that_lm_eval_alone_gives(
    task: str, prompt: Prompt, lm_evals_own: LM, smol_weights: Weights
) -> None:
    suite, choice = load_suite(str(DATA / "suite.yaml")), TaskChoice(task=task, domain="arithmetic", limit=5)
    measure = Measure(seed=7)
    with open_engine("s", system(smol_weights), batch=1, seed=0) as engine:
        requests = requests_by_document(suite, choice, prompt, measure, engine.lm)
        asks = [ask for each in requests.values() for ask in items_of(each[0].request_type, each)]
        replies = [answer_items(engine, [ask])[0] for ask in asks]
        answers = [
            answer_row(ask, of_item, 0, 0.0, 1e12, 0, 1, "w") for ask, of_item in zip(asks, replies, strict=True)
        ]
    ours = Scorer(suite, choice).score(answers)

    alone = load_task(suite, choice)
    theirs = simple_evaluate(
        model=lm_evals_own,
        tasks=[alone.task],
        task_manager=TaskManager(include_defaults=False),
        limit=5,
        num_fewshot=prompt.fewshot,
        apply_chat_template=prompt.chat,
        fewshot_as_multiturn=prompt.chat,
        random_seed=7,
        numpy_random_seed=7,
        torch_random_seed=7,
        fewshot_random_seed=7,
        bootstrap_iters=0,
    )["samples"][task]
    assert len(ours) == 5
    for ask, mine, its in zip(asks, ours, theirs, strict=True):
        assert (mine.doc_id, mine.doc_hash, ask.prompt_hash) == (its["doc_id"], its["doc_hash"], its["prompt_hash"])
        assert mine.target == str(its["target"])
        assert mine.metrics == {f"{metric},{its['filter']}": its[metric] for metric in its["metrics"]}
        if task == "sums":
            assert [mine.filtered] == its["filtered_resps"]


def test_every_token_is_stamped_and_counted(smol_weights: Weights) -> None:
    with open_engine("s", system(smol_weights), batch=2, seed=0) as engine:
        ends_early = engine.lm.apply_chat_template([{"role": "user", "content": "Say: yes"}])
        until = {"until": ["@@@"], "max_gen_toks": 12}
        requests = [Instance("generate_until", {}, (p, until), 0) for p in (ends_early, "Once upon a time")]
        short, long = engine.answer("generate_until", requests)
        tokenizer = engine.lm.tokenizer
        assert short.prompt_tokens == len(tokenizer(ends_early)["input_ids"])
        assert long.output_tokens == 12
        assert short.output_tokens is not None
        assert 0 < short.output_tokens <= 12
        for reply in (short, long):
            assert len(reply.token_s) == reply.output_tokens
            assert all(a <= b for a, b in itertools.pairwise(reply.token_s))
        facts = engine.facts()
        assert facts.parameters_total == facts.parameters_active == 134_515_008
        assert facts.weights_sha256 == smol_weights.sha256
        assert facts.weight_bytes == 98_362_432
        assert engine.peak_memory_bytes() > 400_000_000
        assert engine.peak_device_memory_bytes() is None


def test_systems_with_the_same_base_load_it_once_and_swap_adapters(smol_weights: Weights, tmp_path: Path) -> None:
    import peft
    import torch

    plain, adapted = system(smol_weights), system(smol_weights, adapter=tmp_path)
    assert base_key(plain) == base_key(adapted) != base_key(system(smol_weights, threads=1))
    request = Instance("generate_until", {}, ("Once upon a time", {"until": ["@@@"], "max_gen_toks": 6}), 0)

    with open_engine("plain", plain, batch=1, seed=0) as engine:
        before = engine.answer("generate_until", [request])[0].value
        base = engine.lm.model
        torch.manual_seed(0)
        lora = peft.get_peft_model(base, peft.LoraConfig(r=2, target_modules=["down_proj"], init_lora_weights=False))
        lora.save_pretrained(tmp_path)
        lora.unload()
    with open_engine("adapted", adapted, batch=1, seed=0) as engine:
        facts = engine.facts()
        assert facts.shares_base_with is not None
        assert facts.parameters_total > 134_515_008
        assert engine.answer("generate_until", [request])[0].value != before
    with open_engine("plain", plain, batch=1, seed=0) as engine:
        assert engine.lm.model is base
        assert engine.answer("generate_until", [request])[0].value == before


def test_what_is_missing_is_said_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        TransformersEngine.check("s", system(Weights(path=tmp_path / "nowhere")))
    with pytest.raises(UserError, match=r"adapter: no adapter_config.json in"):
        TransformersEngine.check("s", system(Weights(path=tmp_path), adapter=tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'wattbench\[hf\]'"):
        TransformersEngine.check("s", system(Weights(path=tmp_path)))


def test_a_file_that_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"not a model")
    with pytest.raises(UserError, match="system 's': transformers cannot load"):
        open_engine("s", system(Weights(path=tmp_path / "model.gguf")), batch=1, seed=0)


def test_code_of_a_models_repository_is_not_run_and_nobody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sprung = tmp_path / "sprung"
    model = tmp_path / "model"
    model.mkdir()
    (model / "trap.py").write_text(f"from pathlib import Path\nPath({str(sprung)!r}).touch()\n")
    classes = dict.fromkeys(("AutoConfig", "AutoModelForCausalLM"), "trap.Trap")
    (model / "config.json").write_text(json.dumps({"model_type": "trap", "auto_map": classes}))
    tokenizer = {"tokenizer_class": "Trap", "auto_map": {"AutoTokenizer": ["trap.Trap", None]}}
    (model / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (model / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(UserError, match="transformers cannot load"):
        TransformersEngine.open("s", system(Weights(path=model)), batch=1, seed=0)
    assert not sprung.exists()
