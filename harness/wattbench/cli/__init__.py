"""The command line: the only place that knows both `wattbench` and `wattbench_reports`.

Everything heavy is imported inside the command that needs it, so that `wattbench --help` answers at once.
"""

from wattbench.cli import calibrate, compare, family, gate, history, import_export, nightly, run
from wattbench.cli._group import main

__all__ = ["calibrate", "compare", "family", "gate", "history", "import_export", "main", "nightly", "run"]
