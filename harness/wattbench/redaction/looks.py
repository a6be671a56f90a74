"""Decide by its characters whether a word of a command line is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable

from wattbench.redaction.known import HIDDEN

LEAST_RUN = 16
"""Letters and digits in a row. Shorter ones are names too often: ``libSvtAv1Enc``, ``html2pdf4doc``."""
MOST_PER_PART = 3.0
"""Characters per part of a run. A part is a number or a word, as camel case divides them. In keys of 16 to 40 random
letters and digits the mean is 2.0 (2.5 if all letters are small): 93 to 100% of them (74 to 84%) have at most this. Of
1,250,000 names and versions of packages and of files (PyPI, npm, NuGet, Debian), 20 have, and half of these are random.
Shannon's entropy, as detect-secrets takes it (4.5 bits in base64), finds none in 16 characters, which have 4 at most.
"""
PASSWORD = 8
"""Characters, of at least three kinds: what Windows calls complex, and its users therefore have ("Password must meet
complexity requirements")."""

_RUN = re.compile(r"[A-Za-z0-9]+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_HEX = re.compile(r"(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)")
_KINDS = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", r"[^\w\s./:,=-]")))
_WORD = re.compile(r"[^\s\"'`(){}\[\],;|&<>]+")
_TOKEN = re.compile(r"(?:\bsha[0-9]{1,3}[-:])?[A-Za-z0-9][A-Za-z0-9+/_~.\-]*=*")
_DIGEST = re.compile(r"sha[0-9]{1,3}[-:]")
_PATH = re.compile(r"(?:\.{0,2}/|~)[^:]*|[^:=]*\.[a-z][a-z0-9]{1,10}")
_ORDINARY = re.compile(
    r"(?i)-.*|[0-9.,]+|true|false|yes|no|on|off|none|null|any|auto|all|basic|digest|bearer|ntlm|negotiate|kerberos|oauth2?"
    r"|token|password|publickey|anonymous|sha[0-9-]*|md5|aws4?|https?://\S*|\{\w*\}"
)


def is_random(word: str) -> bool:
    """Return whether a word mixes letters and digits as keys do and names do not. Hexadecimal digests do not count."""
    return any(
        len(run) >= LEAST_RUN
        and not (run.isdigit() or run.isalpha() or _HEX.fullmatch(run))
        and len(_PART.findall(run)) * MOST_PER_PART >= len(run)
        for run in _RUN.findall(word)
    )


def is_password(word: str) -> bool:
    """Return whether a word after ``-p`` looks like a password, and not like a port or a name."""
    return len(word) >= PASSWORD and sum(bool(kind.search(word)) for kind in _KINDS) >= 3 and not is_path(word)


def is_path(word: str) -> bool:
    """Return whether a word is a file's path."""
    return _PATH.fullmatch(word) is not None


def is_ordinary(word: str) -> bool:
    """Return whether a value of ``--auth`` and the like is ordinary: a method, a number, a file, an option."""
    return not word or _ORDINARY.fullmatch(word) is not None or is_path(word)


def hide_random(text: str, keep: Callable[[str], None]) -> str:
    """Return a command line with `HIDDEN` in the place of words that look like keys, except in URLs and paths."""
    return _WORD.sub(lambda match: _in_word(match[0], keep), text)


def _in_word(word: str, keep: Callable[[str], None]) -> str:
    value = word.rpartition("=")[2].lstrip("@")
    if not is_random(word) or "://" in word or is_path(word) or is_path(value):
        return word

    def hidden(match: re.Match[str]) -> str:
        token = match[0]
        if _DIGEST.match(token) or not is_random(token):
            return token
        keep(token)
        return HIDDEN

    return _TOKEN.sub(hidden, word)
