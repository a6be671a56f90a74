"""Read the reports of inference-perf."""

from wattbench.importers.inferenceperf.reports import looks_like, read

__all__ = ["looks_like", "read"]
