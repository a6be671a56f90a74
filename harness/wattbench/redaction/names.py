"""Decide by its name whether a value is secret: ``api_key``, ``HF_TOKEN``, ``--password``, ``Authorization``."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    {
        "password", "passwd", "passphrase", "passwort", "pwd", "secret", "secrets", "credential", "credentials",
        "authorization", "cookie", "bearer", "apikey", "authtoken", "accesstoken", "signature", "privatekey",
        "userpass",
    }
)  # fmt: skip
_KEYS = frozenset(
    {
        "api", "access", "private", "secret", "auth", "subscription", "encryption", "account", "license", "signing",
        "master",
    }
)  # fmt: skip
"""What makes a key a secret one."""
_NOT_TOKENS = frozenset(
    {
        "pad", "eos", "bos", "unk", "stop", "mask", "sep", "cls", "end", "start", "image", "prefix", "suffix", "max",
        "min", "num", "per", "first", "last", "next", "time", "new", "special", "chat", "assistant", "system",
        "think", "output", "input", "prompt", "each", "every", "a", "the", "one",
    }
)  # fmt: skip
"""What makes a token a word of a model."""
_ELSEWHERE = frozenset(
    {
        "env", "file", "path", "dir", "folder", "id", "ids", "type", "url", "uri", "name", "names", "count", "length",
        "limit", "column",
    }
)  # fmt: skip
"""A name that ends so tells where a secret is, or something about it."""
_LIKELY = frozenset(
    {
        "pass", "pw", "auth", "cred", "creds", "login", "pin", "pat", "userpwd",
        "psk", "passcode", "community",
    }
)  # fmt: skip
"""An argument or a variable whose name ends so holds a secret, if its value is no ordinary word: ``--auth digest``."""
_LIKELY_ENDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "sshpass")
"""Of names without separators, such as ``PGPASSWORD``."""
_IN_QUERIES = frozenset(
    {
        "key", "sig", "code", "signature", "auth", "pass", "pw", "k", "t",
    }
)  # fmt: skip
HEADERS_THAT_SAY_NOTHING = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "content-type", "content-length", "user-agent", "connection",
        "host",
    }
)  # fmt: skip


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a value of this name is a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ELSEWHERE:
        return False
    if not _SECRET.isdisjoint(words):
        return True
    pairs = list(zip(["", *words], words, strict=False))
    if any(word in ("key", "keys") and before in _KEYS for before, word in pairs):
        return True
    return any(word == "token" and before not in _NOT_TOKENS for before, word in pairs)


def is_secret_variable(name: str) -> bool:
    """Return whether an environment variable of this name holds a secret: any ``..._KEY`` does."""
    words = name.lower().split("_")
    return is_likely_name(name) or (len(words) > 1 and words[-1] == "key")


@lru_cache(maxsize=4096)
def is_likely_name(name: str) -> bool:
    """Return whether an argument of a command, or a variable, of this name may hold a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (
        is_secret_name(name) or words[-1] in _LIKELY or (len(words) == 1 and words[0].endswith(_LIKELY_ENDS))
    )


def is_secret_parameter(name: str) -> bool:
    """Return whether a parameter of a URL's query is a secret. There, ``key`` and ``sig`` are secret, too."""
    return name.lower() in _IN_QUERIES or is_secret_name(name)


def is_secret_header(name: str) -> bool:
    """Return whether a header of this name may hold a secret, as any header but the ordinary ones may."""
    return name.strip().lower() not in HEADERS_THAT_SAY_NOTHING
