"""Fit a router to the labelled texts of a suite or a file, and write it with a hybrid that a suite can include.

What a label says is known before anything is measured: the domain of a task's training rows, or a column of a file.
Which member answers best is not asked: `wattbench route RUN --write` learns that from the answers of a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.routers.training_grams import training_grams
from wattbench.api.routers.written_suite import catalogue_text, member_names
from wattbench.api.session import measuring_alone, meters_here
from wattbench.config import ClassifierRouter, FileTask, HybridSystem, load_suite
from wattbench.errors import UserError, nearest
from wattbench.meters import Metering, watch_here
from wattbench.records.files.atomic_write import FAILURE, failing_as, write_atomically
from wattbench.records.schema.base import expanded
from wattbench.systems.training_ledger import FILE
from wattbench.tasks.file_task.documents import read_documents
from wattbench.tasks.file_task.rows import read_file
from wattbench.tasks.file_task.split import Item, key_of
from wattbench.train.own_router import MODEL, TEXT, divided, fit_own_router
from wattbench_reports.formatting import units
from wattbench_reports.stats import wilson_interval

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.tasks.file_task.documents import Documents
    from wattbench.train.own_router import FittedRouter

HYBRID = "hybrid.yaml"
FOLDER = "router"
_SHOWN = 3


@dataclass(frozen=True)
class LabelledFile:
    """A file with texts and the label of each."""

    path: Path
    input: str
    """The column of the texts."""
    label: str
    """The column of the labels."""


@dataclass(frozen=True)
class WrittenRouter:
    """A router and its hybrid, as they were written."""

    folder: Path
    hybrid: str
    """Its name in the catalogue."""
    members: Mapping[str, str]
    """The router's name of each member, to the system."""
    fitted: FittedRouter
    source: str
    """What it was fitted to."""
    suite: Path

    @property
    def lines(self) -> tuple[str, ...]:
        """Return lines on the fitted router: accuracy on held-out texts, what its training took, how to use it."""
        fitted, ledger = self.fitted, self.fitted.ledger
        share = wilson_interval(fitted.right / fitted.held_out, fitted.held_out)
        joules = f"{units.quantity(ledger.total_j, 'J')} ({', '.join(sorted(set(ledger.provenance.values())))})"
        took = f"{units.quantity(ledger.seconds, 's')}, {joules if ledger.energy_j else 'joules not measured'}"
        invalid = ", in a window that is not valid" if ledger.windows_invalid else ""
        include = os.path.relpath(self.folder / HYBRID, self.suite.parent)
        return (
            f"router: {self.folder}: chooses between {', '.join(self.members)}, fitted to {fitted.trained:,} texts of "
            f"{self.source}",
            f"held out: {units.percent_interval(share)} of {fitted.held_out:,} other texts get their label; always "
            f"naming the commonest: {units.percent(fitted.commonest / fitted.held_out)}",
            f"training: {took}{invalid}; {self.folder / 'ledger.json'}",
            f"to use it: add {include} to systems: {{include: [...]}} of {self.suite}; the system is {self.hybrid}",
        )


def fit_router(
    suite: str,
    folder: Path | None = None,
    *,
    labelled: LabelledFile | None = None,
    members: Mapping[str, str] | None = None,
    held_out: float = 0.2,
    seed: int = 1,
    wait_s: float = 0.0,
) -> WrittenRouter:
    """Fit a text classifier that names a member of a hybrid, and write it, its training ledger, and the hybrid.

    Args:
        suite: path or name.
        folder: of what is written; None: `router`, next to the suite.
        labelled: texts with labels; None: the rows that file tasks of the suite leave for training, by domain.
        members: label to the system that answers; None for a label that is a system's name or domain.
        held_out: the share of the texts by which the router is judged.
        seed: of the choice of these.
        wait_s: how long to wait for another measurement on this machine to end.

    Raises:
        UserError: there is nothing to fit to, a text is also asked by the suite, or a label has no system;
            another process measures on this machine.
    """
    resolved = load_suite(suite)
    given = None if labelled is None else _of_file(labelled)
    documents = _documents(resolved)
    texts, source = (_of_tasks(resolved, documents), "the suite's training rows") if given is None else given
    _check_leaks(resolved, documents, texts)
    names = _named(list(dict.fromkeys(item.target for item in texts)))
    systems = {names[label]: _system_of(resolved, label, members or {}) for label in names}
    _check_given(members or {}, names)
    try:
        target = resolved.path.parent / FOLDER if folder is None else expanded(folder).resolve()
    except ValueError as error:
        raise UserError(f"{folder}: {FAILURE} ({error})") from error
    parts = divided([replace(item, target=names[item.target]) for item in texts], held_out, seed)
    grams = training_grams(resolved.suite.carbon)
    with (
        failing_as(target, FAILURE),
        measuring_alone(wait_s),
        Metering(meters_here(resolved.suite).meters, watch_here()) as metering,
    ):
        fitted = fit_own_router(parts, target, metering, grams, seed=seed)
    hybrid = _free_name(resolved, target / MODEL)
    write_atomically(target / HYBRID, _catalogue(target, hybrid, systems, fitted, source).encode())
    return WrittenRouter(target, hybrid, systems, fitted, source, resolved.path)


def _documents(resolved: Resolved) -> list[tuple[FileTask, Documents]]:
    """Read the files of the suite's tasks."""
    return [(choice, read_documents(choice)) for choice in resolved.tasks if isinstance(choice, FileTask)]


def _of_tasks(resolved: Resolved, documents: Sequence[tuple[FileTask, Documents]]) -> list[Item]:
    """Return the training rows of the suite's file tasks, labelled by domain."""
    texts = [
        _labelled(item, item.doc[read.names[choice.input]], choice.domain)
        for choice, read in documents
        for item in read.parts.train
    ]
    domains = {item.target for item in texts}
    if len(domains) < 2:
        what = f"those of one domain ({', '.join(domains)})" if domains else "no rows for training"
        raise UserError(
            f"{resolved.path}: the file tasks of this suite leave {what}, and a router chooses between two or more. "
            "Give tasks of several domains split: {test: 0.5}, or name a file with a column of labels: --labelled"
        )
    return texts


def _of_file(labelled: LabelledFile) -> tuple[list[Item], str]:
    """Return the labelled rows of a file as training items, and the name of the file."""
    data = read_file(labelled.path, [labelled.input, labelled.label])
    data.check_column("--input", labelled.input)
    data.check_column("--label", labelled.label)
    if labelled.input == labelled.label:
        raise UserError(f"--input and --label name the same column, {labelled.input!r}")
    texts = []
    for row in data.rows:
        where = f"{data.path}: {row.where}"
        text, label = (str(row.values.get(column, "")).strip() for column in (labelled.input, labelled.label))
        if not text or not label:
            raise UserError(f"{where}: a text or its label is empty; fill it in, or leave the row out")
        texts.append(_labelled(Item(where, key_of(text), label, {}), text, label))
    return texts, str(labelled.path)


def _labelled(item: Item, text: str, label: str) -> Item:
    return replace(item, target=label, doc={TEXT: text})


def _check_leaks(resolved: Resolved, documents: Sequence[tuple[FileTask, Documents]], texts: Sequence[Item]) -> None:
    """Check that the suite asks none of the texts, nor shows one as a worked example."""
    in_suite = {item.key: item for _, read in documents for item in (*read.parts.test, *read.parts.fewshot)}
    leaks = [(item, in_suite[item.key]) for item in texts if item.key in in_suite]
    if leaks:
        shown = "; ".join(f"{item.where} and {other.where}" for item, other in leaks[:_SHOWN])
        more = f"; {len(leaks) - _SHOWN:,} more" if len(leaks) > _SHOWN else ""
        raise UserError(
            f"texts to fit the router to are also asked by {resolved.path}: {shown}{more}. The hybrid would be judged "
            "on what its router learned: take them out of one of the files, or let split: keep rows for training"
        )


def _named(labels: Sequence[str]) -> dict[str, str]:
    return dict(zip(labels, member_names(labels), strict=True))


def _system_of(resolved: Resolved, label: str, given: Mapping[str, str]) -> str:
    """Return the system for a label: the user's choice, else the system of that name, else of that domain."""
    able = {name: each for name, each in resolved.systems.items() if not isinstance(each, HybridSystem)}
    if label in given:
        if given[label] not in able:
            raise UserError(f"--member {label}={given[label]}: no such system{nearest(given[label], able)}")
        return given[label]
    of_domain = [name for name, each in able.items() if each.domain == label]
    if label in able:
        return label
    if len(of_domain) != 1:
        why = f"{len(of_domain)} systems have this domain" if of_domain else "no system has this name or domain"
        raise UserError(
            f"the label {label!r}: {why}. Name the one that answers it: --member '{label}=SYSTEM' (systems: "
            f"{', '.join(able)})"
        )
    return of_domain[0]


def _check_given(given: Mapping[str, str], labels: Mapping[str, str]) -> None:
    for label in given:
        if label not in labels:
            raise UserError(f"--member {label}={given[label]}: no text has this label{nearest(label, labels)}")


def _free_name(resolved: Resolved, model: Path) -> str:
    """Return a free name for the hybrid, or the name of an earlier fit that the suite includes."""
    numbers = (f"routed-{number}" for number in range(2, len(resolved.systems) + 3))
    routers = {name: getattr(each, "router", None) for name, each in resolved.systems.items()}
    taken = {name for name, router in routers.items() if getattr(router, "model", None) != model}
    return next(name for name in ("routed", *numbers) if name not in taken)


def _catalogue(folder: Path, name: str, members: Mapping[str, str], fitted: FittedRouter, source: str) -> str:
    hybrid = HybridSystem(
        kind="hybrid",
        engine="hybrid",
        description=f"A classifier of texts, fitted to {fitted.trained:,} of {source}"[:400],
        members=dict(members),
        router=ClassifierRouter(type="classifier", model=folder / MODEL, sees="input"),
        training=folder / FILE,
    )
    comment = (
        "Written by `wattbench router fit`, which writes it anew. Name it under systems: {include: [...]} of a suite.",
        "min_score: and fallback: (a member) leave what the router is not sure of to that member.",
    )
    return catalogue_text({name: hybrid}, folder, comment)
