"""What a prompt said before its chat template is kept with it, through lm-eval's making of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lm_eval.api.model import LM

from wattbench.config import Prompt, TaskChoice, load_suite
from wattbench.tasks.requests import messages_hash, requests_by_document

SUITE = str(Path(__file__).parents[2] / "data" / "suite.yaml")


class Templated(LM):
    """A model with a chat template of its own, which is asked nothing."""

    def __init__(self, opening: str) -> None:
        super().__init__()
        self._opening = opening

    def apply_chat_template(self, chat_history: list[dict[str, Any]], add_generation_prompt: bool = True) -> str:
        return "".join(f"{self._opening}{each['role']}: {each['content']}" for each in chat_history)

    def chat_template(self, chat_template: bool | str = False) -> str:
        return self._opening

    @property
    def tokenizer_name(self) -> str:
        return self._opening

    def generate_until(self, requests: Any) -> Any:
        raise AssertionError

    loglikelihood = loglikelihood_rolling = generate_until


def prompts(opening: str, **form: Any) -> list[tuple[str, str]]:
    """Each document's prompt, and the hash of its messages."""
    resolved = load_suite(SUITE)
    choice = TaskChoice(task="sums", domain="arithmetic", limit=4)
    requests = requests_by_document(resolved, choice, Prompt(**form), resolved.suite.measure, Templated(opening))
    return [(each[0].args[0], messages_hash(each[0].args[0])) for each in requests.values()]


def test_messages_are_the_same_under_two_templates() -> None:
    one, two = prompts("<a>", chat=True, fewshot=2), prompts("[INST]", chat=True, fewshot=2)
    assert all(first[0] != second[0] for first, second in zip(one, two, strict=True))
    assert [each[1] for each in one] == [each[1] for each in two]
    assert len({each[1] for each in one}) == 4


def test_other_few_shot_examples_are_other_messages() -> None:
    one, two = prompts("<a>", chat=True, fewshot=2), prompts("<a>", chat=True, fewshot=1)
    assert all(first[1] != second[1] for first, second in zip(one, two, strict=True))


def test_without_a_template_there_are_no_messages() -> None:
    assert {each[1] for each in prompts("<a>")} == {""}
