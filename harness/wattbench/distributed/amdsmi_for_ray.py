"""Keep Ray from the package `amdsmi` where it is installed without ROCm's library.

Each process of Ray imports amdsmi, and expects no other failure than an ImportError (`_private/thirdparty/pyamdsmi` of
Ray 2.60, which no setting turns off). Without its library amdsmi prints to standard output and ends in a KeyError.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from wattbench.errors import UserError
from wattbench.meters.detect import KFD

_WITHOUT_ROCM = str(Path(__file__).parent / "without_rocm")
"""A folder with an `amdsmi` that raises ImportError."""


@contextlib.contextmanager
def amdsmi_for_ray(kfd: Path = KFD) -> Iterator[None]:
    """Hide an unusable package `amdsmi` from this process and from the processes that it starts meanwhile.

    Args:
        kfd: the device that a machine with an AMD GPU has.

    Raises:
        UserError: amdsmi cannot be used, and the machine has an AMD GPU, which Ray would not see.
    """
    fault = _fault()
    if fault is None:
        yield
        return
    if kfd.exists():
        raise UserError(
            f"--cluster: the package amdsmi cannot be used ({fault}), and without it Ray sees no AMD GPU. Install "
            "amd-smi-lib of ROCm in the version of amdsmi; to run without these GPUs: pip uninstall amdsmi"
        )
    before = os.environ.get("PYTHONPATH")
    sys.path.insert(0, _WITHOUT_ROCM)
    os.environ["PYTHONPATH"] = _WITHOUT_ROCM if before is None else f"{_WITHOUT_ROCM}{os.pathsep}{before}"
    try:
        yield
    finally:
        sys.path.remove(_WITHOUT_ROCM)
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _fault() -> str | None:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            importlib.import_module("amdsmi")
        except ImportError:
            return None
        except Exception as error:  # what it raises changes with its versions
            return " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return None
