"""Change the bytes of an input, whatever they mean: bits, cuts, repeats, splices, line breaks, encodings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz import odd


def changed_bytes(choose: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Change bytes at random."""
    at = choose.randrange(len(data) + 1)
    end = min(len(data), at + choose.choice((1, 2, 4, 16, 64, 1000)))
    return choose.choice(_CHANGES_OF_BYTES)(choose, data[:at], data[at:end], data[end:], seeds)


def _flipped(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return head + bytes([part[0] ^ (1 << choose.randrange(8))]) + part[1:] + tail if part else head


def _repeated(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return head + part * choose.choice((2, 3, 100)) + tail


def _inserted(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return head + _odd_bytes(choose) + part + tail


def _replaced(choose: Random, head: bytes, _: bytes, tail: bytes, __: Sequence[bytes]) -> bytes:
    return head + _odd_bytes(choose) + tail


def _spliced(choose: Random, head: bytes, _: bytes, __: bytes, seeds: Sequence[bytes]) -> bytes:
    other = choose.choice(seeds)
    return head + other[choose.randrange(len(other) + 1) :]


def _other_byte(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return head + bytes([choose.randrange(256)]) + part[1:] + tail


def _other_breaks(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return (head + part + tail).replace(b"\n", choose.choice((b"\r\n", b"\r", b"\n\n", "\u2028".encode())))


def _other_encoding(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    text = (head + part + tail).decode("utf-8", "replace")
    return text.encode(choose.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp037")), "replace")


def _no_text(choose: Random, head: bytes, part: bytes, tail: bytes, _: Sequence[bytes]) -> bytes:
    return head + choose.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0")) + part + tail


def _zeroed(_: Random, head: bytes, part: bytes, tail: bytes, __: Sequence[bytes]) -> bytes:
    """Replace an end by zeros, as a file system does after a crash."""
    return head + b"\0" * len(part) + tail


_CHANGES_OF_BYTES: tuple[Callable[[Random, bytes, bytes, bytes, Sequence[bytes]], bytes], ...] = (
    _flipped, _repeated, _inserted, _replaced, _spliced, _other_byte, _other_breaks, _other_encoding, _no_text, _zeroed,
    lambda _, head, part, tail, __: head,  # cut off, as by a killed process or a full disk
    lambda _, head, part, tail, __: part + tail,
    lambda _, head, part, tail, __: head + tail,
    lambda _, head, part, tail, __: b"\xef\xbb\xbf" + head + part + tail,
    lambda _, head, part, tail, __: (head + part + tail) * 2,
)  # fmt: skip


def _odd_bytes(choose: Random) -> bytes:
    return choose.choice(odd.TEXTS).encode("utf-8", "surrogatepass")
