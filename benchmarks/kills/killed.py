"""Run `wattbench ARGUMENTS` in a process group of its own that is to be killed: `python -m benchmarks.kills.killed`.

`$KILLED_PID` names the file that says which process it is; `$KILLED_AT`, if it is set, the moment at which it kills
itself.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path

from benchmarks.kills.moments import Moment, die_at


def main() -> None:
    """Become the command."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    pid = Path(os.environ["KILLED_PID"])
    pid.with_suffix(".new").write_text(str(os.getpid()))
    pid.with_suffix(".new").rename(pid)
    if moment := os.environ.get("KILLED_AT"):
        die_at(Moment.parse(moment))
    runpy.run_module("wattbench", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
