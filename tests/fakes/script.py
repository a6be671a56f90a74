"""`python -m tests.fakes.script TEXT`: run a Python program, as `python -c TEXT` does."""

import sys

if __name__ == "__main__":
    exec(sys.argv[1], {"__name__": "__main__"})
