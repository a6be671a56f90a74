"""Import runs of other tools as run directories, which reports read like any other.

One format per file, or per folder of files: each reads and checks its whole source, and adds nothing that the source
does not state. What a reader returns is `wattbench.importers.imported.Imported`: answers where the source has them,
else summaries; of agents also the model calls behind each answer; and readings of power as telemetry. May import:
`wattbench.records`, `wattbench.errors`, `wattbench.redaction` and, of `wattbench.meters`, what readings are and how a
window is judged, of `wattbench.tasks`, how an answer is compared with its target, of `wattbench.traces`, how spans are
read. Must not import anything that measures: importing needs no model and opens no meter.
"""

from wattbench.importers.detect import FORMATS, detect, read_sources
from wattbench.importers.table.item_table import SCORES, TableOptions
from wattbench.importers.table.judged_columns import JudgedOptions
from wattbench.importers.write import write_run

__all__ = ["FORMATS", "SCORES", "JudgedOptions", "TableOptions", "detect", "read_sources", "write_run"]
