"""Watch what else the machine did during a window: signals of contention, and the CPU seconds of the own processes.

Reads Linux's own files. May import `wattbench.clock` and `wattbench.records`.
"""
