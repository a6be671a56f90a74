"""What a fresh interpreter loads of all that is installed."""

from __future__ import annotations

import subprocess
import sys

_NAMES = """
print()
for name in set(sys.modules) - known:
    package = name.partition(".")[0]
    if package in ("wattbench", "wattbench_reports"):
        print(name)
    elif "site-packages" in (getattr(sys.modules[name], "__file__", None) or ""):
        print(package)
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return what some code loads: modules of wattbench, and packages of other distributions."""
    script = f"import sys\nknown = set(sys.modules)\n{code}\n{_NAMES}"
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("\n\n")[2].split())
