"""Worlds that hold the assumption of each stated rate, and worlds that break it.

    claim.py       what is claimed, and the worlds that it is tried in
    figures.py     how often each claim was wrong in each world; figures/ has what was recorded
    document.py    their tables in docs/data
    whole_runs.py  whole synthetic runs of eight systems, as the analysis that a decision is made from
    one module per claim or group of claims that share simulated runs

`python -m benchmarks.adversaries [MODULE ...]` simulates and writes the figures and the page.
"""
