from __future__ import annotations

import os
import subprocess

from wattbench.meters.nvml.gpu_reader import foreign_processes


def test_we_our_children_and_the_invisible_are_no_strangers() -> None:
    with subprocess.Popen(["sleep", "30"]) as child:
        strangers = foreign_processes([os.getpid(), child.pid, os.getppid(), 4_194_303])
        child.kill()
    assert set(strangers) == {os.getppid()}
    assert strangers[os.getppid()]
