"""Templates of tasks: what they can say is said as before, and what they could reach is out of reach."""

from __future__ import annotations

import datetime
import json
import resource
import signal
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import jinja2
import numpy as np
import pytest
from jinja2.exceptions import SecurityError

from wattbench.config import Resolved, TaskChoice, load_suite
from wattbench.errors import UserError
from wattbench.tasks import template_sandbox
from wattbench.tasks.loading import load_task, quiet_lm_eval
from wattbench.tasks.template_sandbox import (
    TemplateBudget,
    TemplateLimitError,
    TemplateSandbox,
    sandbox_of,
    sandbox_templates,
)

DATA = Path(__file__).parents[2] / "data"
DOCUMENT: dict[str, Any] = {
    "q": "What is {0}?", "a": 4, "choices": {"text": ["b", " c"], "_label": ["A", "B"]}, "n": None, "x": 0.5,
    "items": [3, 1, 2], "when": datetime.date(2026, 3, 1), "html": "<&>", "key with space": "k",
}  # fmt: skip


class Picture:
    """As the values of image columns are: a public method writes a file."""

    def save(self, path: str) -> None:
        Path(path).touch()


@pytest.mark.parametrize(
    "template",
    [
        "Question: {{q}}\nAnswer:\n",
        "{{q.format(a)}} {{ '%s of %d' % (q, a) }} {{ '{:>5}'.format(a) }}",
        "{% for text in choices.text %}{{loop.index}}. {{text.strip()}}{{ loop.cycle('a', 'b') }}{{'\n'}}{% endfor %}",
        "{{choices._label[0]}} {{choices['_label'].index('B')}} {{choices.items()|list|length}}",
        "{%- set ns = namespace(n=0) -%}{%- for i in range(3) -%}{%- set ns.n = ns.n + i -%}{%- endfor -%}{{ns.n}}",
        "{% set box = [] %}{% set _ = box.append(a) %}{{box}} {{items|sort}} {{x|round(1)}}",
        "{% macro shout(t) %}{{t|upper}}!{% endmacro %}{{shout(q)}}{% set j = joiner(';') %}{{j()}}{{j()}}",
        "{{ q|regex_replace('[?]', '.') }} {{ when.strftime('%d.%m.') }} {{ when.year }} {{html}} {{html|e}}",
        "{{ ['A', 'B', 'C', 'D'].index('C') if n is none else n }} {{ dict(b=1).b }} {{ [1, 2]|map('string')|join }}",
        "{{ choices.text|map('trim')|list }} {{ q.split(' ')[-1] }} {{ 'is' in q }} {{ x ** 2 }}",
    ],
)
def test_an_ordinary_template_says_what_it_said(template: str) -> None:
    from lm_eval import utils

    ordinary = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    ordinary.filters["regex_replace"] = utils.regex_replace
    sandboxed = sandbox_of(ordinary)
    said = ordinary.from_string(template).render(**DOCUMENT)
    again = [sandboxed.from_string(template).render(**DOCUMENT) for _ in range(2)]
    assert again == [said, said]


def test_a_template_is_compiled_once_and_keeps_nothing_of_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval import utils

    monkeypatch.setattr(utils, "env", sandbox_of(utils.env))
    compiled: list[object] = []
    compiling = utils.env.compile
    monkeypatch.setattr(utils.env, "compile", lambda source, *rest: compiled.append(source) or compiling(source, *rest))
    template = "{% set box = [] %}{% set _ = box.append(q) %}{{ box }}"
    assert [utils.apply_template(template, {"q": number}) for number in range(3)] == ["[0]", "[1]", "[2]"]
    assert compiled == [template]
    with pytest.raises(jinja2.UndefinedError):
        utils.apply_template("{{ q }}", {})
    assert utils.env.from_string(template, {"q": 9}).render() == "[9]"
    assert utils.env.from_string(template).render(q=4) == "[4]"


@pytest.mark.parametrize(
    "template",
    [
        "{{ q.__class__ }}",
        "{{ ''['__class__'].__mro__ }}",
        "{{ q|attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ lipsum.__globals__['os'].popen('true').read() }}",
        "{{ joiner.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ q.format.__self__.__class__ }}",
        "{{ '{0.__class__.__mro__}'.format(q) }}",
        "{{ '{x.__class__}'.format_map({'x': q}) }}",
        "{{ (items|map(attribute='__class__')|first).__mro__ }}",
        "{{ picture.save(path) }}",
        "{{ array.tofile(path) }}",
        "{% set f = picture.save %}{{ f(path) }}",
        "{{ range(999999999)|length }}",
    ],
)
def test_a_template_reaches_no_code(template: str, tmp_path: Path) -> None:
    from lm_eval import utils

    sandbox_templates()
    document = DOCUMENT | {"picture": Picture(), "array": np.zeros(2), "path": str(tmp_path / "written")}
    with pytest.raises((SecurityError, OverflowError)):
        utils.apply_template(template, document)
    assert not (tmp_path / "written").exists()


def of(folder: Path, text: str) -> Resolved:
    """Return a suite whose one task, `told`, has a template."""
    (folder / "documents.jsonl").write_text(json.dumps({"q": "1 + 1", "a": "2"}) + "\n")
    (folder / "told.yaml").write_text(
        f"task: told\ndataset_path: json\ndataset_kwargs: {{data_files: {folder / 'documents.jsonl'}}}\n"
        f"test_split: train\noutput_type: generate_until\ndoc_to_text: {json.dumps(text)}\ndoc_to_target: '{{{{a}}}}'\n"
    )
    resolved = load_suite(str(DATA / "suite.yaml"))
    tasks = resolved.suite.tasks.model_copy(
        update={"include": [folder], "select": [TaskChoice(task="told", domain="x")]}
    )
    return replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))


def test_a_task_whose_template_reaches_for_code_is_refused(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    there = of(tmp_path, "{{ cycler.__init__.__globals__.os.system('touch " + str(sprung) + "') }}")
    with pytest.raises(UserError, match=r"the task cannot be loaded: SecurityError: access to attribute '__init__'"):
        load_task(there, there.tasks[0])
    assert not sprung.exists()


HUNGRY = {
    "a constant": "{{ 'x' * 10**10 }}",
    "an operator": "{{ q * 10**10 }}",
    "a concatenation": "{% set ns = namespace(t='x' * 1000) %}{% for i in range(40) %}{% set ns.t = ns.t ~ ns.t %}"
    "{% endfor %}{{ ns.t }}",
    "a filter": "{{ q|center(10**10) }}",
    "a join": "{{ ('x' * 10**6)|list|join('y' * 10**6) }}",
    "a method": "{{ q.ljust(10**10) }}",
    "a format": "{{ '%10000000000d' % 1 }}",
    "a long text": "{{ q * 4 * 10**6 }}",
    "a power": "{{ a|int ** (9 ** 9) }}",
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "a macro": "{% macro f(n) %}{% for i in range(99) %}{{ f(n - 1) if n else '' }}{% endfor %}{% endmacro %}"
    "{{ f(20) }}",
}


def test_what_templates_take_is_counted_over_all_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TemplateBudget.__init__, "__defaults__", (0.3,))
    monkeypatch.setattr(template_sandbox, "EACH_S", 0.0)
    template = sandbox_of(jinja2.Environment()).from_string("{% for i in range(30000) %}{% set x = i %}{% endfor %}")
    with pytest.raises(TemplateLimitError, match="processor time"):
        [template.render() for _ in range(10_000)]


@pytest.mark.parametrize("prompt", HUNGRY.values(), ids=HUNGRY)
def test_the_task_and_the_field_of_a_hungry_template_are_named(
    prompt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemplateBudget.__init__, "__defaults__", (0.3,))
    there = of(tmp_path, prompt)
    before = resource.getrlimit(resource.RLIMIT_AS)
    timers = signal.getitimer(signal.ITIMER_VIRTUAL), signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(UserError, match=r"tasks.select: 'told': doc_to_text \(.*more than a template may"):
        load_task(there, there.tasks[0])
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert (signal.getitimer(signal.ITIMER_VIRTUAL), signal.getsignal(signal.SIGVTALRM)) == timers


def test_a_task_in_a_file_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def refuse(*what: object) -> NoReturn:
        asked.append(what)
        raise OSError("no network")

    quiet_lm_eval()
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    there = of(tmp_path, "{{q}}")
    assert load_task(there, there.tasks[0]).items == 1
    assert asked == []


def test_the_sandbox_is_set_up_once() -> None:
    from lm_eval import utils

    sandbox_templates()
    first = utils.env
    sandbox_templates()
    assert utils.env is first
    assert isinstance(first, TemplateSandbox)
