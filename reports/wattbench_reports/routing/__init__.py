"""Judges a router in front of a run's systems before it is built, from the systems' own answers.

    study.py             the study, top to bottom
    model.py             what it says; options.py what a reader sets
    item_answers.py      scores and costs item by item; routed.py what a choice of systems gives
    figures.py           means over items with their uncertainty: every interval is made there
    learned.py           routers that learn, judged on items they were not fitted to: folds.py deals them, what ends in
                         _predictor.py expects scores, tuning.py and rule.py choose, cross_fitting.py keeps items apart
    baseline.py          what a router is compared with; judge.py the figures of one choice; verdict.py of all

May import: `wattbench_reports.decision` and all below it.
"""
