"""What a run means: from records to a comparison, a verdict in words, and a page.

May import: `wattbench.records` and `wattbench.errors`, and nothing else of the harness: a record can be read
where nothing can be run. Must not import models, meters or runners, and must not write into a run directory.
Inside, data flows one way: `frames` (rows) -> `itemtable` (sums per item) -> `stats` (intervals) -> `compare`
and `ranking` (findings), `routing`, `experts`, `distillation`, `training`, `breakeven`, `lifecycle` and `fleet`
(findings of one question each) -> `panels` (what a reader is told) -> `export` and `page` (how it looks).
"""
