"""Import results of LLenergyMeasure."""

from wattbench.importers.llenergymeasure.results import looks_like, read

__all__ = ["looks_like", "read"]
