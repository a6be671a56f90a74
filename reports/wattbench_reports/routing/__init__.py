"""Judges a router in front of a run's systems before it is built, from the systems' own answers.

    study.py             the study, top to bottom
    model.py             what it says; options.py what a reader sets
    item_answers.py      scores and costs item by item; routed.py what a choice of systems gives

May import: `wattbench_reports.decision` and all below it.
"""
