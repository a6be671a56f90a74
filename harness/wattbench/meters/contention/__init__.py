"""Watch what else the machine did during a window: signals of contention, and the CPU seconds of the own processes.

Reads Linux's own files, and imports nothing of wattbench.
"""
