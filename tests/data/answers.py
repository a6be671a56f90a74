"""Answerers for the test suites."""

import itertools
import os
import re
import time

CALLS = itertools.count()


def add(prompt: str) -> str:
    """The sum, right, after $ANSWER_S seconds: waiting fills a window at little cost to tests that run beside it."""
    time.sleep(float(os.environ.get("ANSWER_S", "0")))
    a, b = re.findall(r"(\d+) \+ (\d+)", prompt)[-1]
    return str(int(a) + int(b))


def add_slowly(prompt: str) -> str:
    """The sum, right, after a while; every call leaves a line in the file that $CALLS names."""
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(prompt.replace("\n", " ") + "\n")
    time.sleep(0.05)
    return add(prompt)


def add_small(prompt: str) -> str:
    """Right only where the sum has one digit."""
    return add(prompt)[:1]


def wrong(prompt: str) -> str:
    """Never the sum."""
    return "none"


def fail_later(prompt: str) -> str:
    """The sum, but for the tenth call and all that follow."""
    return add(prompt) if next(CALLS) < 9 else fail(prompt)


def fail(prompt: str) -> str:
    """Never an answer."""
    raise RuntimeError(f"no idea about {prompt[:7]}")
