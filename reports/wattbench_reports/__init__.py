"""What a run means: from its records to comparisons, decisions, gates, histories, and the pages and texts of them.

Of `wattbench` it imports `records`, `errors`, `terminal` and `countries` alone, so that a record can be read where
nothing can be run, and it never writes into a run directory. Inside, each room imports only from the floors below it:
docs/architecture.md has them all, from `stats` and `tables` up to `html` and `site`.
"""
