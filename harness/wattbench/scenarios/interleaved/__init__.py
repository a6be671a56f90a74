"""Run a gate: ask two systems in turns, until the caller decides that enough is known.

May import: what scenarios share, and everything below. Must not import `wattbench_reports`: who decides is handed in.
"""
