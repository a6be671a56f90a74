"""Make the prompt of a question: the names of columns in a template, and a default template for each score."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from wattbench.config import FileTask
from wattbench.errors import UserError, nearest
from wattbench.tasks.file_task.scores import CHOICES, LETTERS
from wattbench.tasks.template_sandbox import TemplateBudget

_WORDS = frozenset((
    "and", "as", "block", "break", "call", "caller", "continue", "do", "elif", "else", "endblock", "endcall",
    "endfilter", "endfor", "endif", "endset", "extends", "false", "False", "filter", "for", "from", "if",
    "import", "in", "include", "is", "loop", "macro", "none", "None", "not", "or", "pluralize", "range", "raw",
    "recursive", "self", "set", "super", "true", "True", "with", "without",
))  # fmt: skip
"""Words of Jinja's own, which cannot name a column."""

_INSTRUCTIONS = {
    "label": "Choose the one label that fits the input: {labels}. Reply with the label alone.",
    "choice": "Choose the right answer. Reply with its letter alone.",
    "exact": "Answer the input. Reply with the answer alone.",
    "f1": "Answer the input. Reply with the answer alone.",
    "number": "Answer the input with a number. The last number of the reply counts.",
    "contains": "Answer the input.",
    "regex": "Answer the input.",
}
_SHOWN = 40
"""Characters of a prompt's beginning with which a next question would begin."""


def names_of(columns: Sequence[str]) -> dict[str, str]:
    """Return each column's name in a template: `Ticket_ID` for `Ticket ID`.

    Raises:
        UserError: two columns would have one name.
    """
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"\W", "_", column.strip())
        name = f"_{name}" if name[:1].isdigit() else name
        name += "_" * (name in _WORDS)
        taken = next((other for other, known in names.items() if known == name), None)
        if taken is not None:
            raise UserError(f"the columns {taken!r} and {column!r} are both {name} in a prompt; rename one")
        names[column] = name
    return names


def template_of(choice: FileTask, names: Mapping[str, str], labels: Sequence[str], known: Collection[str]) -> str:
    """Return the Jinja template of the prompt.

    Args:
        choice: the task.
        names: of its columns in a template.
        labels: of the task, if it has any.
        known: all that a template can name.

    Raises:
        UserError: the suite's own template is wrong, or names no column.
    """
    if choice.prompt is not None:
        _check_template(choice.prompt, known)
        return choice.prompt
    if choice.compared is None:
        return f"{{{{ {names[choice.input]} }}}}"
    instruction = _INSTRUCTIONS[choice.compared].format(labels=_verbatim(", ".join(labels)))
    lettered = f"{{% for each in {CHOICES} %}}{{{{ '{LETTERS}'[loop.index0] }}}}. {{{{ each }}}}\n{{% endfor %}}"
    listed = lettered if choice.compared == "choice" else ""
    return f"{instruction}\n\nInput: {{{{ {names[choice.input]} }}}}\n{listed}Answer:"


def generation_of(choice: FileTask, template: str) -> dict[str, object]:
    """Return lm-eval's generation settings: greedy, up to where a next question would begin.

    They have a limit of tokens only if the suite names one: `wattbench.tasks.output_limit` has the rule.
    """
    until = choice.until
    if until is None and choice.compared is None:
        until = []
    if until is None:
        begins = re.split(r"\{[{%#]|\n|:", template, maxsplit=1)[0][:_SHOWN].rstrip()
        until = [f"\n\n{begins}"] + (["\nInput:"] if choice.prompt is None else [])
    limit = {} if choice.max_tokens is None else {"max_gen_toks": choice.max_tokens}
    return {"until": until, "do_sample": False, **limit}


def _check_template(template: str, known: Collection[str]) -> None:
    try:
        with TemplateBudget(template).kept():  # Jinja computes what is constant
            used = meta.find_undeclared_variables(SandboxedEnvironment().parse(template))
    except (TemplateSyntaxError, RecursionError, ValueError) as error:
        raise UserError(f"prompt: not a Jinja template ({error})") from error
    unknown = sorted(used - {*known})
    if unknown:
        raise UserError(f"prompt: no column is called {unknown[0]!r} in a template{nearest(unknown[0], known)}")
    if not used:
        raise UserError("prompt: it names no column, and so asks the same of every row; write {{ name }} for one")


def _verbatim(text: str) -> str:
    """Return a template that renders as a given text, whatever characters it has."""
    if "{" not in text and not text.endswith("\n"):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{{ "{quoted}" }}}}'
