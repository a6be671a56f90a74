"""Read tables in CSV, TSV or Parquet: a row per answer, or a row per item with columns per system."""
