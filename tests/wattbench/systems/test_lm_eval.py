"""lm-eval's own model types as systems."""

from __future__ import annotations

import pytest
from lm_eval.api.instance import Instance

from wattbench.config import LmEvalSystem
from wattbench.errors import MissingExtraError, UserError
from wattbench.systems import open_engine


def system(model: str, **args: object) -> LmEvalSystem:
    return LmEvalSystem(kind="generalist", engine="lm_eval", model=model, args=args)


def test_any_registered_model_answers() -> None:
    with open_engine("s", system("dummy"), batch=1, seed=0) as engine:
        replies = engine.answer("generate_until", [Instance("generate_until", {}, ("hello", {}), 0)])
        assert [reply.value for reply in replies] == ["lol"]
        assert "dummy" in engine.facts().engine_version


def test_unknown_models_and_wrong_arguments_are_explained() -> None:
    with pytest.raises(UserError, match="did you mean 'dummy'"):
        open_engine("s", system("dumy"), batch=1, seed=0)
    with pytest.raises(UserError, match="lm-eval cannot build a 'local-completions' model from its args"):
        open_engine("s", system("local-completions", tokenizer_backend="none", num_concurrent="many"), batch=1, seed=0)


def test_what_a_model_type_lacks_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_model(name: str) -> None:
        raise ModuleNotFoundError(name={"hf": "torch", "anthropic-chat": "anthropic"}[name])

    monkeypatch.setattr("lm_eval.api.registry.get_model", get_model)
    with pytest.raises(MissingExtraError, match=r"lm-eval's 'hf' needs .* pip install 'wattbench\[hf\]'"):
        open_engine("s", system("hf"), batch=1, seed=0)
    with pytest.raises(UserError, match=r"needs anthropic, .* Install it with: pip install anthropic"):
        open_engine("s", system("anthropic-chat"), batch=1, seed=0)
