"""Read the results of OpenJarvis."""

from wattbench.importers.openjarvis.results import looks_like, read

__all__ = ["looks_like", "read"]
