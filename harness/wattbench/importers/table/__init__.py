"""Read tables in CSV, TSV or Parquet: a row per answer, or a row per item with columns per system."""

from wattbench.importers.table.item_table import looks_like, read

__all__ = ["looks_like", "read"]
