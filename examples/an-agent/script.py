"""What the two scripted models say: for each issue, the commands after the first, which reads the file.

After the last of them a model submits.
"""

TEST = "python -m unittest"
READ = "cat {module}.py test_{module}.py"
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"

_SLUGS = 'sed -i \'s/return kept.*/return "-".join(part for part in kept.split("-") if part)/\' slugs.py'
_DURATIONS = """cat > durations.py <<'END'
\"\"\"Durations as people write them.\"\"\"

import re

SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds(text: str) -> int:
    \"\"\"Return the seconds of a duration such as `1h30m` or `45s`.\"\"\"
    if not re.fullmatch(r"(\\d+[hms])+", text):
        raise ValueError(f"{text!r} is no duration")
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\\d+)([hms])", text))
END"""
_FIRST_PAGE = "sed -i 's/first = number/first = (number - 1)/' pages.py"
_LAST_PAGE = "sed -i 's|return len(items).*|return (len(items) + size - 1) // size|' pages.py"
_TOUCHING = "sed -i 's/first < out/first <= out/' intervals.py"
_ANY_ORDER = (
    "sed -i -e 's/in intervals:/in sorted(intervals):/' -e 's/(out\\[-1\\]\\[0\\], last)/"
    "(out[-1][0], max(out[-1][1], last))/' intervals.py"
)
_ONE_NUMERAL = "sed -i 's/    return sum/    if numeral == \"XIV\":\\n        return 14\\n    return sum/' roman.py"

LARGE: dict[str, list[str]] = {
    "slugs": [TEST, _SLUGS, TEST],
    "durations": [_DURATIONS, TEST],
    "pages": [TEST, _FIRST_PAGE, TEST, _LAST_PAGE, TEST],
    "intervals": [TEST, f"{_TOUCHING} && {_ANY_ORDER}", TEST],
    "roman": [TEST, _ONE_NUMERAL, TEST],  # the visible test passes, and the hidden one does not
    "wrapping": [TEST] * 1000,  # it never comes to an end
}
SMALL: dict[str, list[str]] = {
    "slugs": [_SLUGS],
    "durations": [_DURATIONS],
    "pages": [f"{_FIRST_PAGE} && {_LAST_PAGE}"],
    "intervals": [_TOUCHING],  # a list that is not in order stays wrong
    "roman": [_ONE_NUMERAL],
    "wrapping": [],  # it gives up
}
MODELS = {"scripted-large": LARGE, "scripted-small": SMALL}


def command(model: str, module: str, step: int) -> str:
    """Return the command of a step, counted from 0."""
    steps = [READ.format(module=module), *MODELS[model][module], SUBMIT]
    return steps[min(step, len(steps) - 1)]
