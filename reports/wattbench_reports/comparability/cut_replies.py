"""Count the replies that ended at their limit of output tokens: their scores depend on the limit.

Conventions. lm-eval scores a reply that was cut as it is, and says nothing of it. Servers of the OpenAI protocol end it
with the finish reason `length`, vLLM and llama.cpp also where the context is full before the limit. Here all replies
that ended so are counted and named. A reply that is right although it was cut loses nothing by it (a base model that
goes on after its answer does that each time): only those that are not right count against a system, as no more than
those would be right without the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting.units import named, percent
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames

MOST_CUT = 0.05
"""The share of a system's replies that may have been cut and be not right. Without its limit its accuracy may be higher
by this share: 5 points are a regression by a gate's default margin, and so would change what is advised."""

CODE = "cut-replies"


class CutReplies(NamedTuple):
    """How many replies of a system ended at their limit of output tokens."""

    cut: int
    answers: int
    """Those of which it is known why they ended."""
    wrong: int
    """Of `cut`, those that are not right, or not scored."""
    limits: tuple[int, int] | None
    """The lowest and the highest limit of those that were cut; None where it is not recorded."""
    full_context: bool
    """Most of them ended before that limit: the context of the server was full."""
    cut_systems: tuple[str, ...]
    """Whose limits these are, as the suite names them: the system itself, the grid that it is of, or members of a
    hybrid; none in an imported run."""

    @property
    def too_many(self) -> bool:
        """Return whether too many replies were cut and wrong to advise the system: a share above `MOST_CUT`."""
        return self.wrong > MOST_CUT * self.answers


def cut_replies(frames: Frames) -> dict[str, CutReplies]:
    """Return how many replies of each system were cut. Systems without recorded reasons are left out.

    Args:
        frames: the tables of the run. Older ones do not say why replies ended.

    Raises:
        UserError: a table of the run is damaged.
    """
    if not frames.has_column("finish_reason"):
        return {}
    reasons = frames.coded("finish_reason")
    texts = reasons.texts.to_pylist()
    code = texts.index("length") if "length" in texts else len(texts)
    counts = {}
    for name, rows in zip(frames.systems, frames.answers_by_system, strict=True):
        of_system = reasons.codes[rows]
        if (known := int((of_system >= 0).sum())) > 0:
            counts[name] = _of_system(frames, name, rows, of_system == code, known)
    return counts


def _of_system(frames: Frames, name: str, rows: Rows, cut: NDArray[np.bool_], known: int) -> CutReplies:
    number = int(cut.sum())
    if not number:
        return CutReplies(0, known, 0, None, full_context=False, cut_systems=())
    wrong = int((~(frames.figures("score", rows)[cut] >= 1)).sum())
    limits = frames.further("output_limit")(rows)[cut]
    tokens = frames.figures("output_tokens", rows)[cut]
    with np.errstate(invalid="ignore"):
        full = int((tokens < limits - 1).sum())  # some servers do not count the last token
    stated = limits[~np.isnan(limits)]
    between = (int(stated.min()), int(stated.max())) if len(stated) else None
    whose = _whose(frames, name, frames.positions(rows)[cut])
    return CutReplies(number, known, wrong, between, full_context=2 * full > number, cut_systems=whose)


def _whose(frames: Frames, name: str, rows: NDArray[np.integer[Any]]) -> tuple[str, ...]:
    if frames.record.imported is not None:
        return ()
    settings = frames.record.suite.systems.get(name)
    if settings is None or settings.members is None:
        return (_in_suite(frames, name),)
    routes = frames.coded("route")
    texts = routes.texts.to_pylist()
    answered = [texts[code] for code in np.unique(routes.codes[rows]).tolist() if code >= 0]
    return tuple(dict.fromkeys(_in_suite(frames, each) for each in answered or [name]))


def _in_suite(frames: Frames, name: str) -> str:
    """Return the name under which the suite has the settings of a system."""
    settings = frames.record.suite.systems.get(name)
    return name if settings is None or settings.arm is None else settings.arm.grid


def cut_clause(each: CutReplies) -> str:
    """Return how many replies were cut and what to change, as a clause that follows a system's name.

    Args:
        each: of a system with such replies.
    """
    count = f"{each.cut:,} of {each.answers:,} replies were cut"
    if each.full_context:
        return f"{count} as the context was full, before their limit of tokens: give the model a longer context"
    if each.limits is None:
        at = "at their limit of tokens"
    else:
        least, most = each.limits
        at = f"at {least:,} tokens" if least == most else f"at {least:,} to {most:,} tokens"
    if not each.cut_systems:
        return f"{count} {at}: raise the limit of the tool that asked"
    return f"{count} {at}: raise {named([f'systems.{name}.max_output_tokens' for name in each.cut_systems])}"


def cut_caveats(frames: Frames) -> Iterator[Caveat]:
    """Say how many replies of each system were cut, and what to change.

    Args:
        frames: the tables of the run.
    """
    for name, each in cut_replies(frames).items():
        if not each.cut:
            continue
        right = "none of them right" if each.wrong == each.cut else f"{each.cut - each.wrong:,} of them right"
        text = f"{name}: {cut_clause(each)} ({right})."
        if each.too_many:
            text += f" More than {percent(MOST_CUT)} were cut and are not right: it is not advised by its accuracy."
        yield Caveat(CODE, text, (name,))
