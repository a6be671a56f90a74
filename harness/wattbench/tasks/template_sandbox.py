"""Render the templates of tasks in Jinja's sandbox: a template is text, and reaches no code."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, Template, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.sandbox import SandboxedEnvironment

_PLAIN = (
    str, bytes, int, float, complex, list, tuple, dict, set, frozenset, type(None), datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, decimal.Decimal, uuid.UUID,
)  # fmt: skip
"""Values whose methods touch nothing but themselves."""
_TEMPLATES_KEPT = 256
"""A task has a few; only one that writes a text into its template has one for each document."""


class TemplateSandbox(SandboxedEnvironment):
    """Jinja's sandbox, which also refuses methods of a document's values that are no plain data: an image can be saved
    to any path by a public method, as an array can.

    A text is compiled once: lm-eval asks for its template anew for each document. A template keeps nothing from one
    rendering to the next.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._compiled = lru_cache(maxsize=_TEMPLATES_KEPT)(super().from_string)

    def from_string(
        self,
        source: str | nodes.Template,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - as Jinja has it
        template_class: type[Template] | None = None,
    ) -> Template:
        """Return the template of a text."""
        if isinstance(source, str) and globals is None and template_class is None:
            return self._compiled(source)
        return super().from_string(source, globals, template_class)

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether a template may call something."""
        owner = getattr(obj, "__self__", None)
        plain = isinstance(owner, _PLAIN) or type(owner).__module__.partition(".")[0] == "jinja2"
        return plain and super().is_safe_callable(obj)


def sandbox_templates() -> None:
    """Make lm-eval render every template from now on in a sandbox with the same settings, filters and globals."""
    from lm_eval import utils

    if not isinstance(utils.env, TemplateSandbox):
        utils.env = sandbox_of(utils.env)


def sandbox_of(given: Environment) -> TemplateSandbox:
    """Return a sandbox that renders as an environment does.

    Args:
        given: whose settings, filters, tests and globals it gets.
    """
    sandbox = TemplateSandbox(
        loader=given.loader,
        undefined=given.undefined,
        keep_trailing_newline=given.keep_trailing_newline,
        trim_blocks=given.trim_blocks,
        lstrip_blocks=given.lstrip_blocks,
        autoescape=given.autoescape,
    )
    sandbox.filters.update(given.filters)
    sandbox.tests.update(given.tests)
    sandbox.globals.update({name: value for name, value in given.globals.items() if name not in DEFAULT_NAMESPACE})
    return sandbox
