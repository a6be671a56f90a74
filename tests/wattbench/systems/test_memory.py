"""Memory of a process, as the kernel states it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from wattbench.systems.memory import peak_resident_bytes, resident_bytes

PR_SET_NAME, PR_GET_NAME = 15, 16


@pytest.fixture
def named_badly() -> Iterator[None]:
    """Give this process a name that is cut within a character, as the kernel cuts names to 15 bytes."""
    libc = ctypes.CDLL(None)
    before = ctypes.create_string_buffer(16)
    libc.prctl(PR_GET_NAME, before)
    libc.prctl(PR_SET_NAME, "modell-für-müller".encode()[:12] + b"\xc3")
    yield
    libc.prctl(PR_SET_NAME, before)


@pytest.mark.usefixtures("named_badly")
def test_a_process_may_have_any_name() -> None:
    resident, peak = resident_bytes(), peak_resident_bytes()
    assert resident is not None and peak is not None
    assert 0 < resident <= peak
