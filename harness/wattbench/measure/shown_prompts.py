"""Show what systems will be asked: the first items of each task, as text or as the messages of a chat.

No system is loaded or asked, and only a task's templates are rendered, in their sandbox. How a model's own chat
template wraps the messages is not shown: a server applies its template itself, and one in this process is loaded with
its model.
"""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wattbench.config import (
    HybridSystem,
    Measure,
    PythonRouter,
    PythonSystem,
    Resolved,
    SklearnRouter,
    SklearnSystem,
    SystemBase,
)
from wattbench.errors import UserError
from wattbench.measure.task_requests import input_key
from wattbench.systems.endpoint.request import chat_text, read_chat_text
from wattbench.tasks.loading import LoadedTask, over_limit, reason
from wattbench.tasks.scoring import restrict, set_up
from wattbench.tasks.template_sandbox import TemplateLimitError

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


@dataclass(frozen=True)
class Turn:
    """A message of a chat, or the whole of a prompt that is a text."""

    role: str
    """`system`, `user` or `assistant`; empty for a text."""
    text: str


@dataclass(frozen=True)
class ShownPrompt:
    """An item with its prompt, as some systems get it."""

    task: str
    doc_id: int
    systems: tuple[str, ...]
    """All that are asked it in this form. ``NAME (router)`` is what the router of a hybrid reads."""
    turns: tuple[Turn, ...]
    """The messages, worked examples included; of a system without chat one turn without a role."""
    continuations: tuple[str, ...] = ()
    """Texts whose likelihoods after the prompt are compared; empty where an answer is generated."""
    contexts: int = 1
    """Prompts of this item that are compared; the first of them is shown. More than 1 where a task puts each of its
    choices into the prompt."""
    begun: bool = False
    """The last message is the beginning of the answer, which is continued."""
    target: str = ""
    """The right answer."""

    @property
    def chat(self) -> bool:
        """Return whether the prompt is a chat, which the model's own template wraps."""
        return bool(self.turns) and bool(self.turns[0].role)

    def as_record(self) -> dict[str, Any]:
        """Return the prompt as plain data, uncut."""
        return {
            "task": self.task,
            "doc_id": self.doc_id,
            "systems": list(self.systems),
            "text": None if self.chat else self.turns[0].text,
            "messages": [{"role": turn.role, "content": turn.text} for turn in self.turns] if self.chat else None,
            "contexts": self.contexts,
            "continues_last_message": self.begun,
            "continuations": list(self.continuations),
            "target": self.target,
        }


def shown_prompts(resolved: Resolved, tasks: Iterable[LoadedTask], items: int = 1) -> list[ShownPrompt]:
    """Return the first items of each task, with the prompts that each system of the suite will get.

    Args:
        resolved: the suite.
        tasks: of it, loaded with `wattbench.tasks.loading.load_task`. They are not changed.
        items: how many of each task.

    Returns:
        By task and item; systems that are asked the same are named together.

    Raises:
        UserError: a prompt cannot be made, which would end a run as well.
    """
    by_system = list(_systems(resolved))
    shown: list[ShownPrompt] = []
    for loaded in tasks if items > 0 else ():
        forms: dict[str, list[ShownPrompt]] = {}
        together: dict[ShownPrompt, list[str]] = {}
        for system, config in by_system:
            form = config.prompt.model_dump_json() + str(_sees_input(config))
            if form not in forms:
                forms[form] = _in_form(resolved.suite.measure, loaded, system, config, items)
            for one in forms[form]:
                together.setdefault(one, []).append(system)
        of_task = [replace(one, systems=tuple(systems)) for one, systems in together.items()]
        shown += sorted(of_task, key=lambda one: one.doc_id)
    return shown


def _systems(resolved: Resolved) -> Iterator[tuple[str, SystemBase]]:
    """Yield each system with its settings; for a hybrid, its router and the members that are not in the suite."""
    for name, config in resolved.systems.items():
        if not isinstance(config, HybridSystem):
            yield name, config
            continue
        yield f"{name} (router)", config
        for member in dict.fromkeys(config.members.values()):
            if member not in resolved.systems:
                yield f"{member} (of {name})", config.pool[member]


def _in_form(measure: Measure, loaded: LoadedTask, system: str, config: SystemBase, items: int) -> list[ShownPrompt]:
    """Return the first items of a task in the prompt form of one system, with `systems` still empty."""
    prompt = config.prompt
    key = input_key(loaded.choice) if _sees_input(config) else None
    task = copy.copy(loaded.task)  # lm-eval keeps settings and requests on it
    task._config = copy.copy(task._config)
    first = loaded.doc_ids[:items]
    try:
        set_up(replace(loaded, task=task), prompt, measure)
        if loaded.choice.documents is not None:
            restrict(task, first)
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar, if its library was imported before lm-eval
            task.build_all_requests(
                limit=len(first),
                system_instruction=prompt.system,
                apply_chat_template=prompt.chat,
                fewshot_as_multiturn=prompt.chat and prompt.multiturn,
                chat_template=_messages if prompt.chat else None,
            )
        requests: dict[int, list[Instance]] = {}
        for request in task.instances:
            requests.setdefault(int(request.doc_id), []).append(request)
        return [_shown(task, doc_id, of_item, chat=prompt.chat, key=key) for doc_id, of_item in requests.items()]
    except UserError:
        raise
    except TemplateLimitError as error:
        raise UserError(f"task {loaded.choice.task!r}: {over_limit(error, vars(task._config))}") from error
    except Exception as error:  # templates, settings and code by others
        raise UserError(
            f"task {loaded.choice.task!r}: no prompt of it can be made for {system!r}: {reason(error)}"
        ) from error


def _sees_input(config: SystemBase) -> bool:
    """Return whether a system, or a hybrid's router, reads only an item's input and not its prompt."""
    reader = config.router if isinstance(config, HybridSystem) else config
    return isinstance(reader, SklearnSystem | SklearnRouter) or (
        isinstance(reader, PythonSystem | PythonRouter) and reader.sees == "input"
    )


def _messages(history: list[dict[str, Any]], add_generation_prompt: bool = True) -> str:
    """Return a chat's messages as text, in place of a model's chat template."""
    return chat_text(history, begun=not add_generation_prompt)


def _shown(task: Any, doc_id: int, requests: Sequence[Instance], *, chat: bool, key: str | None) -> ShownPrompt:
    context, *_ = requests[0].args
    turns: tuple[Turn, ...]
    if key is not None:
        turns, begun = (Turn("", str(requests[0].doc[key])),), False
    elif chat:
        messages, begun = read_chat_text(context, "")
        turns = tuple(Turn(str(each["role"]), str(each["content"])) for each in messages)
    else:
        turns, begun = (Turn("", str(context)),), False
    compared = requests[0].request_type == "loglikelihood"
    continuations = tuple(str(each.args[1]) for each in requests) if compared else ()
    return ShownPrompt(
        task=str(requests[0].task_name),
        doc_id=doc_id,
        systems=(),
        turns=turns,
        continuations=continuations,
        contexts=len({str(each.args[0]) for each in requests}) if compared else 1,
        begun=begun,
        target=_target(task, requests[0].doc),
    )


def _target(task: Any, document: Any) -> str:
    """Return a document's right answer as text; the index of a choice becomes the choice's text."""
    target = task.doc_to_target(document)
    if isinstance(target, int) and not isinstance(target, bool) and task.config.doc_to_choice is not None:
        choices = task.doc_to_choice(document)
        return str(choices[target]) if 0 <= target < len(choices) else str(target)
    return str(target)
