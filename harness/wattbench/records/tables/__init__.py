"""The Parquet tables of a record: what is in them, what writes them in batches, what reads them by column."""
