"""Write a first suite for a file of one's own and some systems, as `wattbench init` does.

What is not said is guessed from the file, with the reason. No system is loaded, and no code of a system is run.
"""
