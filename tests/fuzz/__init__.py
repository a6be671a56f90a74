"""Hostile inputs for every loader and parser: a short tier in every test run, a longer one by `tox -e fuzz`.

targets     what is read: its seeds, how it is read, which errors it documents; by family in `families/`
mutations   inputs made of a target's seeds, byte by byte and by what they mean
property    what holds for each of them
corpus      what failed once, a file each
long_tier   as many as there is time for: `python -m tests.fuzz`
"""
