"""Read AIPerf's artifacts."""

from wattbench.importers.aiperf.artifacts import looks_like, read

__all__ = ["looks_like", "read"]
