"""Read submissions to MLPerf Inference, and the logs of one's own LoadGen runs."""

from wattbench.importers.mlperf.submission import looks_like, read

__all__ = ["looks_like", "read"]
