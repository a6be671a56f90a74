"""Writes, for a document of any task, short reasoning that works the question out, checks itself and answers.

These are what a model learns to reason from. A program works them out from the question alone and refuses a
document whose answer is another, so they are right by construction. In about one of five, chosen by a hash of the
question, the reasoning slips first, notices at the check and mends it: a model that only ever saw right steps
would not learn what a check is for. They are short because a very small model has to learn and to write them.

Imports nothing beside the standard library, so that it can be loaded from its path alone.
"""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from itertools import combinations
from math import gcd

SLIPPING = 0.2
"""The share of documents whose reasoning slips first."""

Work = Callable[[str, bool], tuple[str, str]]
"""Reasons about a question, with a slip or without; returns the text and what came out."""

_WRONG = "That is wrong"
"""What every correction starts with."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STATEMENT = re.compile(r"(All|No|Some) (\w+) are (not )?(\w+)")
_NEGATIVE = ("No", "Some not")
_PARTICULAR = ("Some", "Some not")

# The question does not say who is a woman; the generator knows by the name, and these are all it has.
_WOMEN = frozenset(
    re.findall(
        r"\w+",
        """Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Emma Lisa Anna Margaret Victoria
        Charlotte Sophia Isabella Olivia Ava Mia Emily Abigail Amelia Eleanor Grace Alice Lucy Chloe Sophie Lily Hannah
        Zoe Luna Nova Aria Willow Aurora Sage River Winter Sky Rain""",
    )
)


def trace(task: str, question: str, answer: str) -> str:
    """Return the reasoning for a document of a task, which ends in the line ``So the answer is ...``.

    Raises
    ------
    KeyError
        Where there is no such task.
    ValueError
        Where the question is not one of the task's, or its answer is not what the reasoning comes to.

    """
    return TRACES[task](question, answer)


def slips(question: str) -> bool:
    """Say whether the reasoning for a question slips first; always the same for the same question."""
    return int.from_bytes(hashlib.sha256(question.encode()).digest()[:4], "big") < SLIPPING * 2**32


def corrects(text: str) -> bool:
    """Say whether reasoning mends a slip of its own."""
    return _WRONG in text


def _trace(work: Work, question: str, answer: str) -> str:
    text, result = work(question, slips(question))
    if result != answer:
        raise ValueError(f"the reasoning comes to {result!r} and not to {answer!r}: {question!r}")
    return f"{text}\nSo the answer is {result}."


def _found(pattern: str, question: str) -> tuple[str, ...]:
    if (found := re.search(pattern, question)) is None:
        raise ValueError(f"not a question of this task: {question!r}")
    return found.groups()


def _addition(question: str, slip: bool) -> tuple[str, str]:
    left, right = map(int, _found(r"(\d+) \+ (\d+)", question))
    carry, unit = divmod(left % 10 + right % 10, 10)

    def tens(carried: int) -> tuple[str, int]:
        total = left // 10 + right // 10 + carried
        added = f" + {carried}" if carried else ""
        value = 10 * total + unit
        return f"Tens: {left // 10} + {right // 10}{added} = {total}. That gives {value}.", value

    text = f"Units: {left % 10} + {right % 10} = {10 * carry + unit}, write {unit}, carry {carry}. "
    if slip:
        steps, value = tens(1 - carry)
        why = "the carry was lost" if carry else "there is nothing to carry"
        text += f"{steps} Check: {value} - {right} = {value - right}, not {left}. {_WRONG}, {why}. "
    steps, value = tens(carry)
    return f"{text}{steps} Check: {value} - {right} = {value - right}, right.", str(value)


def _gcd(question: str, slip: bool) -> tuple[str, str]:
    numbers = [int(number) for number in _found(r": (\d+(?:, \d+)+)\.", question)[0].split(", ")]
    if min(numbers) < 2:
        raise ValueError(f"not numbers from 2: {question!r}")
    result = gcd(*numbers)
    text = _gcd_slip(numbers, result) if slip else ""
    known = numbers[0]
    for number in numbers[1:]:
        larger, smaller = max(known, number), min(known, number)
        steps = []
        while smaller:
            steps.append(f"{larger} mod {smaller} = {larger % smaller}")
            larger, smaller = smaller, larger % smaller
        text += f"{', '.join(steps)}: {larger}. "
        known = larger
    quotients = ", ".join(f"{number} / {known} = {number // known}" for number in numbers)
    return f"{text}Check: {quotients}, with no common divisor left.", str(known)


def _gcd_slip(numbers: list[int], result: int) -> str:
    """Take the smallest number for the answer; where it is the answer, one that is too small."""
    least = min(numbers)
    if undivided := [number for number in numbers if number % least]:
        number = undivided[0]
        return f"The smallest is {least}. Check: {number} / {least} leaves {number % least}. {_WRONG}. "
    factor = next(factor for factor in range(2, result + 1) if result % factor == 0)
    quotients = " and ".join(str(number * factor // result) for number in numbers)
    return f"All have {result // factor}. Check: {quotients} are left, which share {factor}. {_WRONG}. "


def _letter_counting(question: str, slip: bool) -> tuple[str, str]:
    letter, quoted = _found(r'the letter "(.)" appear in the text: "(.*)"\?', question)
    words = quoted.split()
    counts = [word.lower().count(letter.lower()) for word in words]
    most = max(range(len(words)), key=lambda i: (counts[i], len(words[i])))

    def total(counts: list[int]) -> str:
        some = [str(count) for count in counts if count]
        return f"Total: {' + '.join(some)} = {sum(counts)}." if len(some) > 1 else f"Total: {sum(counts)}."

    said = list(counts)
    if slip:
        said[most] += -1 if said[most] else 1
    text = ", ".join(f"{word} {count}" for word, count in zip(words, said, strict=True)) + f". {total(said)} "
    text += f"Check: {'-'.join(words[most])} has {counts[most]}"
    if slip:
        return f"{text}, not {said[most]}. {_WRONG}. {total(counts)}", str(sum(counts))
    return f"{text}, right.", str(sum(counts))


def _needle_haystack(question: str, slip: bool) -> tuple[str, str]:
    story, asked = _found(r"(?s)(.*)\. ?\nWho (.*?)\?", question)
    statements = story.split(". ")
    means = [number for number, statement in enumerate(statements) if statement.endswith(f" {asked}")]
    if len(means) != 1:
        raise ValueError(f"{len(means)} statements match: {question!r}")
    others = [number for number in range(len(statements)) if number not in means]
    text = f"Asked: who {asked}. "
    if slip:
        # The one most like it is the one to be mistaken for it.
        taken = max(others, key=lambda number: len({*statements[number].split()} & {*asked.split()}))
        text += f"Statement {taken + 1}: {statements[taken]}. Check: this is not {asked}. {_WRONG}. "
    name = statements[means[0]].removesuffix(f" {asked}")
    numbers = " and ".join(str(number + 1) for number in others)
    text += f"Statement {means[0] + 1}: {statements[means[0]]}. "
    return f"{text}Check: {means[0] + 1} says so, {numbers} do not.", name


def _syllogism(question: str, slip: bool) -> tuple[str, str]:
    """Work by the rules of the syllogism; the check is an instance, or a world where the conclusion fails.

    The generator links the premises in one way only: subject to middle, middle to predicate.
    """
    statements = _STATEMENT.findall(question)
    quantifiers = [quantifier + (" not" if negated else "") for quantifier, _, negated, _ in statements]
    terms = [(subject, predicate) for _, subject, _, predicate in statements]
    if len(terms) != 3 or terms[0][1] != terms[1][0] or terms[2] != (terms[0][0], terms[1][1]):
        raise ValueError(f"not a question of this task: {question!r}")
    (subject, middle), (_, predicate) = terms[:2]
    first, second = re.findall(r"\d\. (.*)", question)
    text = f"{first}, {second[0].lower()}{second[1:]}. "
    if rule := _broken_rule(quantifiers, middle, predicate):
        world = _counterexample(quantifiers, (subject, middle, predicate))
        check = f"Check: {world}: the premises hold, the conclusion does not"
        if slip:
            return f"{text}Both share {middle}: it follows. {check}. {_WRONG}: {rule}, so it does not follow.", "No"
        return f"{text}{rule[0].upper()}{rule[1:]}: it does not follow. {check}.", "No"
    must = "cannot be" if quantifiers[1] == "No" else "must be"
    check = f"Check: X in {subject} is in {middle}, so X {must} in {predicate}"
    if quantifiers[0] == "Some":
        check = f"Check: some X in {subject} is in {middle}, so X {must} in {predicate}"
    if slip:
        return (
            f"{text}Nothing links {subject} to {predicate}: it does not follow. {check}. {_WRONG}: it follows.",
            "Yes",
        )
    return f"{text}{middle.capitalize()} link {subject} to {predicate}: it follows. {check}.", "Yes"


def _broken_rule(quantifiers: list[str], middle: str, predicate: str) -> str:
    """Return the first rule of the syllogism that is broken, and nothing where the conclusion follows."""
    *premises, conclusion = quantifiers
    negatives = sum(premise in _NEGATIVE for premise in premises)
    particulars = sum(premise in _PARTICULAR for premise in premises)
    rules = {
        "two negative premises prove nothing": negatives == 2,
        "two premises about some prove nothing": particulars == 2,
        "a negative premise proves nothing positive": negatives and conclusion not in _NEGATIVE,
        "positive premises prove nothing negative": not negatives and conclusion in _NEGATIVE,
        "some does not prove all": particulars and conclusion not in _PARTICULAR,
        f"no premise is about all {middle}": premises[0] not in _NEGATIVE and premises[1] in _PARTICULAR,
        f"no premise is about all {predicate}": conclusion in _NEGATIVE and premises[1] not in _NEGATIVE,
    }
    return next((rule for rule, broken in rules.items() if broken), "")


def _counterexample(quantifiers: list[str], terms: tuple[str, str, str]) -> str:
    """Return the smallest world with something of every term where the premises hold and the conclusion does not."""
    kinds = [set(kind) for size in (1, 2, 3) for kind in combinations(range(3), size)]
    pairs = ((0, 1), (1, 2), (0, 2))
    for size in (1, 2, 3):
        for things in combinations(kinds, size):
            held = [_holds(quantifier, things, *pair) for quantifier, pair in zip(quantifiers, pairs, strict=True)]
            if held == [True, True, False] and set().union(*things) == {0, 1, 2}:
                said = [" and ".join(terms[term] for term in sorted(kind)) for kind in things]
                return ", ".join(f"{name} in {kind}" for name, kind in zip("XYZ", said, strict=False))
    raise ValueError(f"no counterexample to {quantifiers}")


def _holds(quantifier: str, things: tuple[set[int], ...], subject: int, predicate: int) -> bool:
    are = [predicate in thing for thing in things if subject in thing]
    return {"All": all(are), "No": not any(are), "Some": any(are), "Some not": not all(are)}[quantifier]


def _family_relationships(question: str, slip: bool) -> tuple[str, str]:
    one, other = _found(r"(?:What relation is|What is|How is) (\w+) (?:related )?to (\w+)[?.]", question)
    couples = re.findall(r"(\w+) is married to (\w+)\.(?: They have a child called (\w+)\.)?", question)
    parents = {child: {husband, wife} for husband, wife, child in couples if child}

    def steps(young: str, old: str) -> int:
        """Return how many generations up one person is from another; 0 where they are not."""
        above = parents.get(young, set())
        return 1 if old in above else 2 if any(old in parents.get(parent, ()) for parent in above) else 0

    if any({one, other} == {husband, wife} for husband, wife, _ in couples):
        chain, names, inverse = f"{one} is married to {other}", ("wife", "husband"), ("wife", "husband")
    elif up := steps(other, one) or steps(one, other):
        young, old = (other, one) if steps(other, one) else (one, other)
        between = next((parent for parent in parents[young] if old in parents.get(parent, ())), "")
        chain = f"{young} is a child of {between}, {between} of {old}" if up == 2 else f"{young} is a child of {old}"
        grand = "grand" if up == 2 else ""
        names, inverse = (f"{grand}mother", f"{grand}father"), (f"{grand}daughter", f"{grand}son")
        if one == young:
            names, inverse = inverse, names
    else:
        raise ValueError(f"no rule for how {one} is related to {other}: {question!r}")
    word, back = names[one not in _WOMEN], inverse[other not in _WOMEN]
    sex = "a woman" if one in _WOMEN else "a man"
    text = f"{chain}. "
    if slip:
        text += (
            f"That makes {back}. Check: {other} is {one}'s {back}, and asked is what {one} is to {other}. {_WRONG}. "
        )
        return f"{text}{one} is {sex}: {word}.", word
    return f"{text}{one} is {sex}: {word}. Check: the other way, {other} is {one}'s {back}, which fits.", word


def _weekday_offset(question: str, slip: bool) -> tuple[str, str]:
    start = _found(r"(\w+day), \w+ \d+, \d+", question)[0]
    days = int(_found(r"(\d+)[ -]days?\b", question)[0])
    if start not in _WEEKDAYS:
        raise ValueError(f"not a weekday: {start!r}")
    sign = -1 if re.search(r"\bago\b|\bbefore\b|backward", question) else 1
    way, other_way = ("on", "back") if sign > 0 else ("back", "on")
    left = days % 7

    def walk(first: int, last: int, sign: int) -> list[str]:
        return [_WEEKDAYS[(_WEEKDAYS.index(start) + sign * day) % 7] for day in range(first, last + 1)]

    result = walk(left, left, sign)[0]
    text = f"{start}, {days} days {way}. {days} mod 7 = {left}. "
    if not left:
        check = "Check: a whole week ends on the day it starts"
        wrong = walk(1, 1, sign)[0]
        if slip:
            return f"{text}That is {wrong}. {check}, not {wrong}. {_WRONG}: {result}.", result
        return f"{text}That is the same day, {result}. {check}.", result
    right = f"{left} {way}: {', '.join(walk(1, left, sign))}."
    check = f"Check: {7 - left} {other_way}: {', '.join(walk(1, 7 - left, -sign))}"
    if slip:
        wrongs = walk(0, left - 1, sign)
        text += f"{left} {way}: {', '.join(wrongs)}. {check}, not {wrongs[-1]}. {_WRONG}, the start does not count. "
        return f"{text}{right}", result
    return f"{text}{right} {check}, the same.", result


def _days_between(question: str, slip: bool) -> tuple[str, str]:
    """Subtract the days of one month, or count to the end of one and on into the next; check by adding."""
    start, end = (_date(text) for text in _dates(question))
    right = (end - start).days
    if start.month == end.month:
        work, check = f"Same month: {end.day} - {start.day} =", f"Check: {start.day} + {right} = {end.day}, right."
    else:
        length = calendar.monthrange(start.year, start.month)[1]
        work = f"{start:%B} has {length} days: {length} - {start.day} = {length - start.day} left, and {end.day} more:"
        check = f"Check: {start.day} + {right} = {start.day + right}, {length} more than {end.day}, right."
    first = f"From {start:%B} {start.day} to {end:%B} {end.day}. {work} "
    if slip:
        mended = f"Check: {start.day} + {right + 1} is a day too many. {_WRONG}. It is {right}."
        return f"{first}{right + 1}. {mended}", str(right)
    return f"{first}{right}. {check}", str(right)


def _dates(question: str) -> list[str]:
    """Find both dates, in any of the generator's forms, without their weekday."""
    found: list[str] = re.findall(r"\d+[-/]\d+[-/]\d+|\d+ [A-Z]\w+ \d+|[A-Z]\w+ \d+,? \d+", question)
    if len(found) != 2:
        raise ValueError(f"not a question of this task: {question!r}")
    return found


def _date(text: str) -> date:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%b %d %Y"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form).date()  # a day, in no time zone
    raise ValueError(f"not a date: {text!r}")


TRACES: dict[str, Callable[[str, str], str]] = {
    "addition": partial(_trace, _addition),
    "gcd": partial(_trace, _gcd),
    "letter_counting": partial(_trace, _letter_counting),
    "needle_haystack": partial(_trace, _needle_haystack),
    "syllogism": partial(_trace, _syllogism),
    "family_relationships": partial(_trace, _family_relationships),
    "weekday_offset": partial(_trace, _weekday_offset),
    "days_between": partial(_trace, _days_between),
}
"""What writes the reasoning for each task, from a question and its answer."""


def calculation(task: str, question: str, answer: str) -> str | None:
    """Return what to enter into a calculator for a document of a task; None where a calculator is of no use.

    Raises
    ------
    ValueError
        Where the question is not one of the task's, or its answer is not what the calculation comes to.

    """
    if task == "addition":
        left, right = _found(r"(\d+) \+ (\d+)", question)
        text, result = f"{left} + {right}", int(left) + int(right)
    elif task == "gcd":
        numbers = _found(r": (\d+(?:, \d+)+)\.", question)[0]
        text, result = f"gcd({numbers})", gcd(*map(int, numbers.split(", ")))
    else:
        return None
    if str(result) != answer:
        raise ValueError(f"the calculation comes to {result} and not to {answer!r}: {question!r}")
    return text
