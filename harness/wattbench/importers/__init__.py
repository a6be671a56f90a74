"""Import runs of other tools as run directories, which reports read like any other.

One format per file: each reads and checks its whole source, and adds nothing that the source does not state. May
import: `wattbench.records` and `wattbench.errors`. Must not import anything that measures: importing needs no model and
no meter.
"""

from wattbench.importers.detect import FORMATS, detect, read_sources
from wattbench.importers.write import write_run

__all__ = ["FORMATS", "detect", "read_sources", "write_run"]
