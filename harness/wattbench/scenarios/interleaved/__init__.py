"""Gates that run: two systems asked in turns, until somebody says that it is known which is which.

May import: the loop over cells and everything below. Must not import `wattbench_reports`: who decides is handed in.
"""
