"""Find the class behind a name in a suite: one of wattbench's own, or one of another distribution's entry points.

Names are listed from the metadata of installed distributions. A class is imported only where a suite names it.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.schema.base import Strict


@dataclass(frozen=True)
class Registry:
    """The classes of one kind that a suite can name: meters, engines or routers.

    Every `UserError` raised here ends without a full stop, so that it can follow a file, a line and a key.
    """

    noun: str
    """What such a class is called in messages: ``meter``."""
    group: str
    """The entry-point group. An entry's name is what a suite says, its value the class."""
    built_in: Mapping[str, str]
    """Name to ``module:Class`` of wattbench's own. They are also entry points in pyproject.toml; a checkout works
    without an install."""
    settings: type[Strict]
    """The base of every class's `Settings`, the model that checks its part of the suite file."""
    page: str
    """The page in the repository that says how to write one."""
    base: str | None = None
    """The ``module:Class`` that a third party's class must derive from; None asks only for `methods`."""
    methods: tuple[str, ...] = ()
    """Methods that a third party's class must have."""
    reserved: tuple[str, ...] = ()
    """Names that no class may have, as they mean something else in a suite."""
    hint: Callable[[str], str | None] = lambda _: None
    """Says in a clause what to write in place of a name that no class has; None where that is not known."""

    def names(self) -> list[str]:
        """List every name that a suite can use, without importing any class."""
        return sorted({*self.built_in, *self.reserved, *(entry.name for entry in _third_party(self.group))})

    @property
    def other_names(self) -> dict[str, Any]:
        """Return the JSON Schema of names that are not wattbench's own."""
        return {"not": {"enum": [*self.built_in, *self.reserved]}}

    def load(self, name: str) -> Any:
        """Import the class behind a name. This runs a third party's code if the name is a third party's.

        Raises:
            UserError: the name is unknown or ambiguous, or the class cannot be imported or used.
        """
        entries = [entry for entry in _third_party(self.group) if entry.name == name]
        if name in (*self.built_in, *self.reserved):
            if entries:
                raise UserError(
                    f"the {self.noun} {name!r} is wattbench's own, and {_distributions(entries)} claims the same name "
                    f"in the entry-point group {self.group}; uninstall that distribution, or rename its entry point"
                )
            module, _, attribute = self.built_in[name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        if not entries:
            if clause := self.hint(name):
                raise UserError(f"no {self.noun} {name!r:.60} is known here; {clause}")
            known = nearest(name, self.names())
            hint = "" if "did you mean" in known else ", or install the distribution that provides it"
            raise UserError(f"no {self.noun} {name!r} is known here{known}{hint}")
        if len(entries) > 1:
            raise UserError(
                f"the {self.noun} {name!r} is provided by {_distributions(entries)}; uninstall all but one of them"
            )
        return self._usable(entries[0])

    def settings_of(self, name: str) -> type[Strict]:
        """Import the class behind a name, and return the model of its settings.

        Raises:
            UserError: as `load`.
        """
        model: type[Strict] = self.load(name).Settings
        return model

    def provider(self, name: str) -> str:
        """Name the distributions that provide a third party's class."""
        return _distributions([entry for entry in _third_party(self.group) if entry.name == name])

    def _usable(self, entry: metadata.EntryPoint) -> Any:
        """Import a third party's class, and check that it has the required settings, base and methods."""
        which = f"the {self.noun} {entry.name!r} ({entry.value}, from {_distributions([entry])})"
        try:
            loaded = entry.load()
        except (Exception, SystemExit) as error:  # a third party's module may raise anything when imported
            raise UserError(
                f"{which} cannot be imported ({error!r}); update or reinstall that distribution, or uninstall it "
                f"and remove {entry.name!r} from the suite"
            ) from error
        missing = self._missing(loaded)
        if missing:
            raise UserError(f"{which} lacks {', '.join(missing)}; update that distribution ({self.page} has the rules)")
        return loaded

    def _missing(self, loaded: Any) -> list[str]:
        settings = getattr(loaded, "Settings", None)
        missing = []
        if not (isinstance(settings, type) and issubclass(settings, self.settings)):
            missing.append(f"Settings, a model derived from wattbench.config.{self.settings.__name__}")
        # By name: the base lies in a room above this one, and whoever derives from it has imported it.
        bases = [f"{base.__module__}:{base.__qualname__}" for base in getattr(loaded, "__mro__", ())]
        if self.base is not None and self.base not in bases:
            missing.append(f"the base class {self.base.replace(':', '.')}")
        unfinished: frozenset[str] = getattr(loaded, "__abstractmethods__", frozenset())
        methods = {name for name in self.methods if not callable(getattr(loaded, name, None))} | unfinished
        return missing + [f"the method {name}" for name in sorted(methods)]


def _third_party(group: str) -> tuple[metadata.EntryPoint, ...]:
    return _entries(group, tuple(sys.path))


@functools.cache
def _entries(group: str, path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """Return the group's entry points of other distributions. `path` holds the folders that are searched."""
    return tuple(entry for entry in metadata.entry_points(group=group) if _normalized(entry) != "wattbench")


def _normalized(entry: metadata.EntryPoint) -> str:
    return re.sub(r"[-_.]+", "-", (entry.dist.name or "") if entry.dist is not None else "").lower()


def _distributions(entries: list[metadata.EntryPoint]) -> str:
    """Name the distributions of some entry points, with their versions."""
    named = {f"{entry.dist.name} {entry.dist.version}" for entry in entries if entry.dist is not None}
    return " and ".join(sorted(named)) or "an unnamed distribution"
