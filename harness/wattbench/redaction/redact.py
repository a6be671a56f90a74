"""Hide secrets in messages, in settings and in data."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO, cast

from wattbench.redaction.forms import Keep, hide_forms, hide_in_command, hide_in_words, value_of_header
from wattbench.redaction.known import HIDDEN, known
from wattbench.redaction.names import is_secret_header, is_secret_name, is_secret_variable

_COMMANDS = ("command", "commands", "run", "argv", "args", "cmd", "exec", "script", "shell", "hook", "entrypoint")
_HEADERS = ("headers", "header", "default_headers", "extra_headers", "http_headers")
_VARIABLES = ("env", "environment", "environ", "variables")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_SCHEMA_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_OF_SCHEMA = frozenset(
    {"type", "description", "title", "format", "pattern", "properties", "required", "items", "additionalProperties"}
)
"""Keywords of JSON Schema that describe a value and hold none, unlike `default`, `const`, `enum` and `examples`."""
_NUMBERS_TOO = ("password", "passwd", "passphrase", "pwd", "pin", "secret", "key")


def hide(text: str) -> str:
    """Return a text, for people to read, without known secrets and without words in the form of secrets."""
    return hide_forms(known.hidden_in(text), _ignored)


def hide_known(value: Any) -> Any:
    """Return data without the secrets of this process: a text, or texts in lists and mappings of any depth."""
    if not known:
        return value
    return _in_data(value)


def hide_settings(settings: Any) -> Any:
    """Return JSON settings without secrets: values with a secret's name or form, and known secrets."""
    return hide_known(_walked(settings, "", _ignored))


def hide_command(words: Sequence[str]) -> list[str]:
    """Return the words of a command line without the secrets among them."""
    return [known.hidden_in(word, in_data=True) for word in hide_in_words(list(words), _ignored)]


def keep_secret(secret: str | None) -> None:
    """Hide a secret from now on, wherever it turns up."""
    if secret:
        known.add(secret)


def keep_secrets_of(settings: Any) -> None:
    """Hide the secrets in some settings from now on. Of a variable such as ``$PDU``, its value is hidden."""
    _walked(settings, "", _keep_expanded)


def keep_environment(environ: Mapping[str, str] | None = None) -> None:
    """Hide the values of the environment's variables for passwords, tokens and keys, except paths."""
    for name, value in (os.environ if environ is None else environ).items():
        if is_secret_variable(name) and not value.startswith(("/", "~", "./")):
            known.add(value)


def scrub(error: BaseException) -> None:
    """Hide the secrets in the messages of an exception and of the exceptions that led to it."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        each.args = tuple(hide(one) if isinstance(one, str) else one for one in each.args)
        each = each.__cause__ or each.__context__


def _ignored(_: str) -> None:
    return


def _keep_expanded(secret: str) -> None:
    values = [os.environ[name] for name in _VARIABLE.findall(secret) if name in os.environ]
    for each in values or [secret]:
        known.add(each)


def _in_data(value: Any) -> Any:
    if isinstance(value, str):
        return known.hidden_in(value, in_data=True)
    if isinstance(value, Mapping):
        return {_in_data(key): _in_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], float | int):
            return value  # time stamps
        return [_in_data(each) for each in value]
    return value


def _walked(value: Any, name: str, keep: Keep) -> Any:
    """Return a setting without its secrets, nested settings included; `name` is the setting's key."""
    if isinstance(value, str):
        return hide_in_command(value, keep) if name in _COMMANDS else hide_forms(value, keep)
    if isinstance(value, Mapping):
        return {key: _entry(str(key), each, name, keep) for key, each in value.items()}
    if isinstance(value, list | tuple):
        if name in _COMMANDS and value and all(isinstance(word, str) for word in value):
            return hide_in_words(list(value), keep)
        return [_walked(each, name, keep) for each in value]
    return value


def _entry(key: str, value: Any, name: str, keep: Keep) -> Any:
    secret = (
        is_secret_name(key)
        or (name in _HEADERS and is_secret_header(key))
        or (name in _VARIABLES and is_secret_variable(key))
    )
    if not secret:
        misplaced = key == "api_key_env" and isinstance(value, str) and _is_no_variable(value)
        return _all(value, keep) if misplaced else _walked(value, key, keep)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Mapping) and value.get("type") in _SCHEMA_TYPES:  # of a tool's argument, such as `password`
        return {
            each: _walked(inside, str(each), keep) if each in _OF_SCHEMA else _all(inside, keep)
            for each, inside in value.items()
        }
    if isinstance(value, int | float) and not key.lower().endswith(_NUMBERS_TOO):
        return value
    return _all(value, keep)


def _all(value: Any, keep: Keep) -> Any:
    """Hide every text in the value of a setting whose name is that of a secret."""
    if isinstance(value, Mapping):
        return {key: _all(each, keep) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_all(each, keep) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    text = str(value)
    if HIDDEN not in text:
        keep(text)
        keep(value_of_header(text))
    return HIDDEN


def _is_no_variable(name: str) -> bool:
    """Return whether a setting for the name of an environment variable more likely holds the API key itself."""
    if not name.isidentifier() or not name.isascii():
        return True
    return len(name) >= 16 and any(c.isdigit() for c in name) and any(c.islower() for c in name)


class HidingStream:
    """A text stream that hides secrets in what it passes to another stream."""

    def __init__(self, stream: TextIO, hides: Callable[[str], str]) -> None:
        self._stream = stream
        self._hides = hides

    def write(self, text: str) -> int:
        """Write a text without its secrets, and return its length."""
        self._stream.write(self._hides(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def hidden_output() -> Iterator[None]:
    """Hide secrets on standard error. On standard output, which carries data, hide only known secrets.

    The traceback of an uncaught exception is printed without them, also after this has ended.
    """
    sys.excepthook = _print_hidden
    out, err = HidingStream(sys.stdout, hide_known), HidingStream(sys.stderr, hide)
    with contextlib.redirect_stdout(cast("TextIO", out)), contextlib.redirect_stderr(cast("TextIO", err)):
        yield


def _print_hidden(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(hide("".join(traceback.format_exception(kind, error, trace))))
