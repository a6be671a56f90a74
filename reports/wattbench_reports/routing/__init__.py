"""Judges a router before it is built, and the hybrids that ran, from the answers of a run.

    study.py             the study, top to bottom
    model.py             what it says; context.py what a reader sets
    answers/             scores and costs item by item, and what a choice of systems gives
    figures.py           means over items with their uncertainty: every interval is made there
    learned.py           routers that learn, judged on items they were not fitted to: predictors.py expects scores,
                         fitting/ deals the items, chooses by the scores, and keeps items apart
    kept_loaded.py       which systems to keep loaded; resident_draw.py the watts that each adds
    hybrids/             what hybrids of the run did, and what other choices of their members would have given
    baseline.py          what a router is compared with; judge.py the figures of one choice; verdict.py of all

May import: `wattbench_reports.decision` and all below it.
"""
