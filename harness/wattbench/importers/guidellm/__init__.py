"""Read GuideLLM's reports."""

from wattbench.importers.guidellm.report import looks_like, read

__all__ = ["looks_like", "read"]
