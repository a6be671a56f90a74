"""Answerers for the test suites."""

import itertools
import os
import re
import time

CALLS = itertools.count()


def add(prompt: str) -> str:
    """Return the sum after $ANSWER_S seconds: waiting fills a window at little cost."""
    time.sleep(float(os.environ.get("ANSWER_S", "0")))
    a, b = re.findall(r"(\d+) \+ (\d+)", prompt)[-1]
    return str(int(a) + int(b))


def add_slowly(prompt: str) -> str:
    """Return the sum after a while, and note the call in the file that $CALLS names."""
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(prompt.replace("\n", " ") + "\n")
    time.sleep(0.05)
    return add(prompt)


def add_small(prompt: str) -> str:
    """Return the sum, wrong where it has more than one digit."""
    return add(prompt)[:1]


def wrong(prompt: str) -> str:
    """Return a wrong sum."""
    return "none"


def fail_later(prompt: str) -> str:
    """Return the sum; raise at the tenth call and all that follow."""
    return add(prompt) if next(CALLS) < 9 else fail(prompt)


def fail(prompt: str) -> str:
    """Raise at every call."""
    raise RuntimeError(f"no idea about {prompt[:7]}")
