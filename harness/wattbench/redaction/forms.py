"""Find secrets by their form: users of URLs, options, headers, assignments, and the keys of well-known services."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import PurePath

from wattbench.redaction.known import HIDDEN
from wattbench.redaction.names import is_secret_header, is_secret_name, is_secret_parameter

Keep = Callable[[str], None]
"""Called with each secret that is hidden."""

_USER = re.compile(r"(?<=://)[^\s/?#\"'<>]+(?=@)")
_HIDDEN_ALONE = rf"{re.escape(HIDDEN)}(?=,)"
"""What an assignment in a text has become. A comma ends that, and not a URL's parameter, which may look the same."""
_PARAMETER = re.compile(rf"(?P<lead>[?&;#](?P<name>[A-Za-z0-9_.\-]{{1,40}})=)(?P<value>{_HIDDEN_ALONE}|[^&\s#\"'<>;]+)")
_VALUE = r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<value>[^\s\"',;&]+))"
_OPTION = re.compile(r"(?P<lead>(?<![\w-])--?(?P<name>[A-Za-z][\w\-]{1,40})(?:=|\s+(?!--)))" + _VALUE)
_ASSIGNED = re.compile(
    r"(?P<lead>(?<![\w.\-])[\"']?(?P<name>[A-Za-z][\w\-]{0,40})(?:[\"']\s*:|[\"']?\s*=)\s*)" + _VALUE
)
_HEADER = re.compile(
    r"(?i)(?P<lead>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?|\b(?:set-)?cookie[\"']?\s*[:=]\s*[\"']?"
    r"|\b(?:[a-z]{1,20}-){0,3}(?:api-?key|token|secret)\s*:\s*)(?P<value>[^\r\n\"']+)"
)
_SCHEME = re.compile(r"(?i)(?P<lead>\b(?:bearer|basic)\s+)(?=\S*[0-9=])(?P<value>[A-Za-z0-9._~+/=\-]{8,})")
_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_\-]{12,}|(?:hf|gsk|r8|pplx)_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{16,}"
    r"|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_\-]{16,}|xox[abeprs]-[A-Za-z0-9\-]{10,}|nvapi-[A-Za-z0-9_\-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[A-Za-z0-9_\-]{30,}|eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*)"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S
)
_AUTHORIZED = re.compile(r"(?i)^\s*(?:bearer|basic|token|apikey|key)\s+(.*)$", re.S)

SHORT_OPTIONS = {
    "ipmitool": "PkK", "ipmi-sensors": "p", "ipmi-dcmi": "p", "curl": "uU", "wget": "", "sshpass": "p",
    "mosquitto_sub": "P",
    "snmpget": "cAXaK", "snmpwalk": "cAXaK", "snmpbulkget": "cAXaK", "snmpbulkwalk": "cAXaK",
    "mysql": "p", "redis-cli": "a", "ldapsearch": "w", "http": "a", "https": "a",
}  # fmt: skip
"""Program to those of its one-letter options that take a password, a key or a community."""


def hide_forms(text: str, keep: Keep) -> str:
    """Return a text with `HIDDEN` in the place of whatever has the form of a secret."""
    text = _PRIVATE_KEY.sub(lambda match: _whole(match[0], keep), text)
    text = _USER.sub(lambda match: _user(match[0], keep), text)
    text = _PARAMETER.sub(lambda match: _named(match, is_secret_parameter, keep), text)
    text = _HEADER.sub(lambda match: _header(match, keep), text)
    text = _SCHEME.sub(lambda match: match["lead"] + _whole(match["value"], keep), text)
    text = _OPTION.sub(lambda match: _named(match, is_secret_name, keep), text)
    text = _ASSIGNED.sub(lambda match: _named(match, is_secret_name, keep), text)
    return _KEY.sub(lambda match: _whole(match[0], keep), text)


def hide_in_words(words: list[str], keep: Keep) -> list[str]:
    """Return the words of a command line with `HIDDEN` in the place of the secrets among them."""
    hidden: list[str] = []
    short = ""
    follows = False
    before = ""
    for word in words:
        before, last = word, before
        if last in ("-H", "--header") and ":" in word:
            hidden.append(_header_word(word, keep))
            continue
        if follows and not (word.startswith("--") and is_secret_name(word)):
            hidden.append(_whole_of_word(word, keep))
            follows = False
            continue
        program = PurePath(word).name
        short = SHORT_OPTIONS.get(program, short)
        attached = word[:1] == "-" and word[1:2] != "-" and len(word) > 2 and word[1] in short
        follows = is_secret_option(word, short)
        hidden.append(word[:2] + _whole_of_word(word[2:], keep) if attached else hide_forms(word, keep))
    return hidden


def is_secret_option(word: str, short: str = "") -> bool:
    """Return whether the word after this one is a secret."""
    if word[:1] != "-" or "=" in word:
        return False
    return (len(word) == 2 and word[1] in short) or is_secret_name(word)


def hide_in_command(text: str, keep: Keep) -> str:
    """Return a command line, as one text, with `HIDDEN` in the place of the secrets in it."""
    secrets: list[str] = []
    try:
        words = shlex.split(text)
    except ValueError:
        return hide_forms(text, keep)
    hidden = hide_in_words(words, secrets.append)
    if hidden == words:
        return hide_forms(text, keep)
    for secret in secrets:
        keep(secret)
    plain = text
    for secret in sorted(secrets, key=len, reverse=True):
        plain = plain.replace(secret, HIDDEN)
    if HIDDEN in plain and hide_in_words(shlex.split(plain), lambda _: None) == hidden:
        return plain
    # Else the line is written anew: a secret may be quoted in it in many ways.
    return " ".join(word if HIDDEN in word and " " not in word else shlex.quote(word) for word in hidden)


def value_of_header(value: str) -> str:
    """Return the secret in a header's value: what follows ``Bearer``."""
    match = _AUTHORIZED.match(value)
    return match[1] if match else value


def _named(match: re.Match[str], is_secret: Callable[[str], bool], keep: Keep) -> str:
    groups = match.groupdict()
    value = next((groups[kind] for kind in ("value", "double", "single") if groups.get(kind)), "")
    if not value or not is_secret(match["name"]):
        return match[0]
    quote = '"' if groups.get("double") else "'" if groups.get("single") else ""
    return match["lead"] + quote + _whole(value_of_header(value), keep) + quote


def _header(match: re.Match[str], keep: Keep) -> str:
    value = match["value"]
    secret = value_of_header(value)
    return match["lead"] + value[: len(value) - len(secret)] + _whole(secret.strip(), keep)


def _user(user: str, keep: Keep) -> str:
    name, colon, password = user.rpartition(":") if user.count(":") == 1 else user.partition(":")
    secret = password if colon else user
    if secret and secret != HIDDEN:
        keep(secret)
        if colon:
            keep(f"{name}:{password}")
    return HIDDEN


def _header_word(word: str, keep: Keep) -> str:
    """Hide the value of a header that is one word of a command line: of ``-H 'X-Auth: ...'``."""
    name, _, value = word.partition(":")
    if not is_secret_header(name):
        return hide_forms(word, keep)
    secret = value_of_header(value.strip())
    return f"{name}:{value.removesuffix(secret)}{_whole(secret, keep)}"


def _whole(secret: str, keep: Keep) -> str:
    if HIDDEN not in secret:
        keep(secret)
    return HIDDEN


def _whole_of_word(word: str, keep: Keep) -> str:
    """Hide a word whole; what it holds as user:password or after ``Bearer`` is a secret of its own."""
    secret = word.rpartition(": ")[2] if ": " in word else word
    _, colon, password = secret.partition(":")
    if colon:
        _whole(password, keep)
    return _whole(value_of_header(secret), keep)
