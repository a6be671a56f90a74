"""Metrics that were added to those of `wattbench_reports.metrics.registry`: one per file, of the metric's name."""
