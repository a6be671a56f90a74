"""What hybrids of a run did: where they sent items, what other choices would have given, and what routing cost.

    study.py               all of it, once per run
    hybrid_and_members.py  a hybrid with its members, over the items that all answered
    replay.py              a router scored from its members' own answers
    other_choices.py       oracles, single members, chance, shuffled routes and the routers of a file

A replay is checked against the hybrid that ran (`study.check_of`).
"""
