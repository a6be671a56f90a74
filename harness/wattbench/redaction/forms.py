"""Find secrets by their form: users of URLs, options, headers, assignments, and the keys of well-known services."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import PurePath

from wattbench.redaction.known import HIDDEN
from wattbench.redaction.looks import hide_random, is_ordinary, is_password
from wattbench.redaction.names import (
    is_likely_name,
    is_secret_header,
    is_secret_name,
    is_secret_parameter,
    is_secret_variable,
)

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

_FLAG = re.compile(r"--?[A-Za-z][\w.\-]*")
_HEADER_OPTION = re.compile(r"-H(?=[^:]+:)|--header=")
_CLUSTER = re.compile(r"-[a-tv-zA-Z]{1,8}u")
"""Options of one letter written as one, as in ``curl -su admin:...``."""
_PAIR = re.compile(r"(?P<user>[^\s:/@]+):(?P<password>[^\s:/]+)")
_ESCAPED = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.S)
"""bash's own quotation, in which a quotation mark can be escaped."""
_REFERENCE = re.compile(r"\$\{?(\w+)")
_GIVEN = re.compile(r"(?P<lead>[-/]{0,2}(?P<name>[A-Za-z][\w.\-]*)[=:])(?P<value>.*)", re.S)

_OPERATORS = ";&|"

DEEPEST = 5
"""Commands within commands that are read: ``ssh host "sh -c '...'"`` is two. Each takes twice as long."""

SHORT_OPTIONS = {
    "ipmitool": "PkK", "ipmi-sensors": "p", "ipmi-dcmi": "p", "curl": "uU", "wget": "", "sshpass": "p",
    "mosquitto_sub": "P",
    "snmpget": "cAXK", "snmpwalk": "cAXK", "snmpbulkget": "cAXK", "snmpbulkwalk": "cAXK",
    "racadm": "p", "redfishtool": "p", "7z": "p", "smbclient": "U", "net": "U",
    "mysql": "p", "redis-cli": "a", "ldapsearch": "w", "http": "a", "https": "a",
}  # fmt: skip
"""Program to those of its one-letter options that take a password, a key or a community."""


def hide_forms(text: str, keep: Keep) -> str:
    """Return a text with `HIDDEN` in place of every part that has the form of a secret."""
    text = _PRIVATE_KEY.sub(lambda match: _whole(match[0], keep), text)
    text = _USER.sub(lambda match: _user(match[0], keep), text)
    text = _PARAMETER.sub(lambda match: _named(match, is_secret_parameter, keep), text)
    text = _HEADER.sub(lambda match: _header(match, keep), text)
    text = _SCHEME.sub(lambda match: match["lead"] + _whole(match["value"], keep), text)
    text = _OPTION.sub(lambda match: _named(match, is_secret_name, keep), text)
    text = _ASSIGNED.sub(lambda match: _named(match, is_secret_name, keep), text)
    return _KEY.sub(lambda match: _whole(match[0], keep), text)


def hide_in_words(words: list[str], keep: Keep, depth: int = 0) -> list[str]:
    """Return the words of a command line with `HIDDEN` in the place of the secrets among them.

    A word that is itself a command line, as for ``sh -c``, is read as one, `DEEPEST` times.
    """
    hidden: list[str] = []
    short = ""
    before = ""
    for word in words:
        before, last = word, before
        program = PurePath(word).name
        short = SHORT_OPTIONS.get(program, short)
        header = _HEADER_OPTION.match(word)
        if last in ("-H", "--header") and ":" in word:
            hidden.append(_header_word(word, keep))
        elif header is not None and ":" in word:
            hidden.append(header[0] + _header_word(word[header.end() :], keep))
        elif _is_value(last, word, short):
            hidden.append(_whole_of_word(word, keep))
            before = ""
        elif word[:1] == "-" and word[1:2] != "-" and len(word) > 2 and _is_short(word[1], word[2:], short):
            hidden.append(word[:2] + _whole_of_word(word[2:], keep))
        elif any(map(str.isspace, word)) and depth < DEEPEST:
            hidden.append(hide_in_command(word, keep, depth + 1))
        else:
            hidden.append(hide_random(_hide_assigned(hide_forms(word, keep), keep), keep))
    return hidden


def hide_in_command(text: str, keep: Keep, depth: int = 0) -> str:
    """Return a command line, as one text, with `HIDDEN` in the place of the secrets in it."""
    secrets: list[str] = []

    def collect(secret: str) -> None:
        secrets.append(secret)
        keep(secret)

    words = _words(text)
    hidden = hide_in_words(re.split(r"[\s\"']+", text) if words is None else words, collect, depth)
    used = {name for secret in secrets for name in _REFERENCE.findall(secret)}
    for index, word in enumerate(hidden):  # of `P=...; ipmitool -P $P`
        given = _GIVEN.fullmatch(word)
        if given is not None and given["name"] in used and given["value"]:
            hidden[index] = given["lead"] + _whole(given["value"], collect)
    if secrets:
        plain = text
        for secret in sorted(secrets, key=len, reverse=True):
            plain = plain.replace(secret, HIDDEN)
        # Else the line is written anew: a secret may be quoted in it in many ways.
        text = plain if words is None or _same(plain, hidden, depth) else " ".join(map(_quoted, hidden))
    return hide_random(hide_forms(text, keep), keep)


def value_of_header(value: str) -> str:
    """Return the secret in a header's value: the part after ``Bearer`` and the like, else the whole value."""
    match = _AUTHORIZED.match(value)
    return match[1] if match else value


def _is_value(option: str, word: str, short: str) -> bool:
    """Return whether a word of a command line is the secret value of the option before it."""
    if not _FLAG.fullmatch(option):
        return False
    if len(option) == 2:
        return _is_short(option[1], word, short)
    if "u" in short and _CLUSTER.fullmatch(option):
        return True
    if is_secret_name(option):
        return not (word.startswith("--") and is_secret_name(word))
    name = option.lstrip("-")
    return (is_likely_name(name) and not is_ordinary(word)) or (name.lower().endswith("user") and _is_pair(word))


def _is_short(letter: str, value: str, short: str) -> bool:
    return letter in short or (letter in "pP" and is_password(value)) or (letter == "u" and _is_pair(value))


def _is_pair(word: str) -> bool:
    """Return whether a word is ``user:password``, and not ``user:group``."""
    match = _PAIR.fullmatch(word)
    return match is not None and match["user"] != match["password"] and not match["password"].isdigit()


def _hide_assigned(word: str, keep: Keep) -> str:
    """Hide the value that a word assigns to a name: ``PDU_PASS=...``, ``--auth=...``, ``/auth:...``."""
    match = _GIVEN.fullmatch(word)
    if match is None:
        return word
    value = match["value"]
    secret = is_secret_variable(match["name"]) and not is_ordinary(value)
    return match["lead"] + (_whole(value, keep) if secret else _hide_assigned(value, keep))


def _words(text: str) -> list[str] | None:
    """Return the words of a command line, as a shell divides it; None if a quotation mark is not closed."""
    text = _ESCAPED.sub(lambda match: shlex.quote(re.sub(r"\\(.)", r"\1", match[1])), text)
    reader = shlex.shlex(text, posix=True, punctuation_chars=_OPERATORS)
    reader.whitespace_split, reader.commenters = True, ""
    try:
        return list(reader)
    except ValueError:
        return None


def _same(plain: str, hidden: list[str], depth: int) -> bool:
    words = _words(plain)
    return words is not None and hide_in_words(words, lambda _: None, depth) == hidden


def _quoted(word: str) -> str:
    plain = not word.strip(_OPERATORS) if word else False
    return word if plain or (HIDDEN in word and " " not in word) else shlex.quote(word)


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
    """Hide the secret in a header that is one word of a command line, as in ``-H 'X-Auth: ...'``."""
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
    """Hide a whole word, and keep the secret in it: the password after a user, the token after ``Bearer``."""
    secret = word.rpartition(": ")[2] if ": " in word else word
    _, colon, password = secret.partition(":")
    if colon:
        _whole(password, keep)
    return _whole(value_of_header(secret), keep)
