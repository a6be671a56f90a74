"""Render the templates of tasks in Jinja's sandbox: a template is text, and reaches no code.

Jinja's own bound is that of `range`. A template can multiply a text to any size, when it is compiled (Jinja computes
what is constant) as when it is rendered, in operators, filters and methods of texts, and loops in loops do not end. So
the memory that the process may take meanwhile, its processor time and the text are bounded, whatever takes them.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import resource
import signal
import threading
import time
import uuid
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Environment, Template, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

_PLAIN = (
    str, bytes, int, float, complex, list, tuple, dict, set, frozenset, type(None), datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, decimal.Decimal, uuid.UUID,
)  # fmt: skip
"""Values whose methods touch nothing but themselves."""
_TEMPLATES_KEPT = 256
"""A task has a few; only one that writes a text into its template has one for each document."""

MOST_CHARACTERS = 10_000_000
"""Of a rendered text: ten times the longest cell of a task's file."""
MOST_BYTES = 300_000_000
"""That the process may grow by: a text of `MOST_CHARACTERS` takes 40 MB, and a few of its kind are made on the way."""
FIRST_S, EACH_S = 5.0, 0.01
"""Of processor time that a template may take in all, and more for each rendering; an ordinary one takes 0.1 ms."""


class TemplateLimitError(SecurityError):
    """A template takes more memory, time or text than one may."""

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template = template
        """Its text."""


class BoundedTemplate(Template):
    """A template whose memory, time and output are bounded."""

    budget: TemplateBudget

    def render(self, *arguments: Any, **values: Any) -> str:
        """Render the template as Jinja does, with memory, time and output bounded.

        Raises:
            TemplateLimitError: it takes too much.
        """
        self.budget.left_s += EACH_S
        with self.budget.kept():
            text = super().render(*arguments, **values)
        if len(text) > MOST_CHARACTERS:
            raise TemplateLimitError(f"it makes a text of {len(text):,} characters", self.budget.template)
        return text


@dataclass
class TemplateBudget:
    """The memory, time and output that a template may still use."""

    template: str
    left_s: float = FIRST_S

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Bound memory and time in a block; time only in the main thread, as Python's signals work there alone.

        Raises:
            TemplateLimitError: it takes too much.
        """

        def late(*_: object) -> NoReturn:
            raise TemplateLimitError("it takes too much processor time", self.template)

        in_main = threading.current_thread() is threading.main_thread()
        if in_main and self.left_s <= 0:  # no timer is as short as what one rendering takes
            late()
        before = signal.signal(signal.SIGVTALRM, late) if in_main else None
        began_s = time.thread_time()
        try:
            if in_main:
                signal.setitimer(signal.ITIMER_VIRTUAL, max(self.left_s, 1e-3))
            with _memory_bounded():
                yield
        except MemoryError:
            raise TemplateLimitError(f"it takes {MOST_BYTES / 1e6:,.0f} MB of memory or more", self.template) from None
        finally:
            if in_main:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
                signal.signal(signal.SIGVTALRM, before)
            self.left_s -= time.thread_time() - began_s


@contextlib.contextmanager
def _memory_bounded() -> Iterator[None]:
    """Let the process grow by `MOST_BYTES` at most in a block, if the system states the process's size."""
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    except OSError:
        yield
        return
    if soft != resource.RLIM_INFINITY and soft <= used + MOST_BYTES:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class TemplateSandbox(SandboxedEnvironment):
    """Jinja's sandbox, which also refuses methods of values that are no plain data: an image could be saved to any
    path.

    A text is compiled once: lm-eval asks for its template anew for each document. A template keeps nothing from one
    rendering to the next.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._compiled = lru_cache(maxsize=_TEMPLATES_KEPT)(self._bounded)

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

    def _bounded(self, source: str) -> BoundedTemplate:
        budget = TemplateBudget(source)
        with budget.kept():
            template = super().from_string(source, template_class=BoundedTemplate)
        assert isinstance(template, BoundedTemplate)
        template.budget = budget
        return template

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether a template may call an object, such as a method of plain data."""
        owner = getattr(obj, "__self__", None)
        plain = isinstance(owner, _PLAIN) or type(owner).__module__.partition(".")[0] == "jinja2"
        return plain and super().is_safe_callable(obj)


def sandbox_templates() -> None:
    """Make lm-eval render every template from now on in a sandbox with the same settings, filters and globals."""
    from lm_eval import utils

    if not isinstance(utils.env, TemplateSandbox):
        utils.env = sandbox_of(utils.env)


def sandbox_of(given: Environment) -> TemplateSandbox:
    """Return a sandbox that renders templates as an environment of Jinja does.

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
