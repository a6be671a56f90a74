"""Fit the text classifier of a router to labelled texts of the user's own, metered, outside of the reference family."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.meters import Metering
from wattbench.systems.training_ledger import FILE, Ledger, write_ledger
from wattbench.tasks.file_task.split import Item, Parts, split
from wattbench.text_classifier import fit_labels, load_classifier, save_classifier
from wattbench.train.examples import Document, documents_sha256
from wattbench.train.metered import BuildMeter, Grams, ledger_entry

MODEL = "router.npz"
METHOD = "classifier"
TEXT = "text"
"""The key of a document that has what the router reads."""
LEAST_TEXTS = 10
"""Fewer say nothing when some of them are held out."""


@dataclass(frozen=True)
class FittedRouter:
    """A fitted router, as its folder has it."""

    labels: tuple[str, ...]
    trained: int
    """How many texts it was fitted to."""
    held_out: int
    right: int
    """How many of the held-out texts it gives their label."""
    commonest: int
    """How many of these have the label that is the commonest of the texts it was fitted to: always naming that one is
    right as often."""
    ledger: Ledger


def divided(texts: Sequence[Item], held_out: float, seed: int) -> Parts:
    """Divide labelled texts into a part to fit a router (`train`) and a part to judge it (`test`).

    Args:
        texts: the input of each is in its key `TEXT`, its target is the label: the router's name of a member.
        held_out: the share by which it is judged. Texts that read alike are on one side.
        seed: of the choice.

    Raises:
        UserError: there are too few texts or labels.
    """
    if len(texts) < LEAST_TEXTS:
        raise UserError(
            f"{len(texts)} labelled texts are too few to fit a router and judge it (at least {LEAST_TEXTS})"
        )
    parts = split(texts, held_out, seed)
    known = sorted({item.target for item in parts.train})
    lost = sorted({item.target for item in texts} - {*known})
    if lost or len(known) < 2:
        raise UserError(
            "a router needs two labels at least, each with texts to be fitted to and to be judged by "
            f"(here: {', '.join([*known, *lost][:5])}{f'; too few of {lost[0]!r}' if lost else ''})"
        )
    return parts


def fit_own_router(parts: Parts, folder: Path, metering: Metering, grams: Grams, *, seed: int) -> FittedRouter:
    """Fit a router, judge it on held-out texts, and write it with its ledger.

    Args:
        parts: as `divided` returns them.
        folder: of the files, which replace those of an earlier fit.
        metering: open.
        grams: for the ledger.
        seed: of the division, for the ledger.
    """
    for module in ("sklearn.feature_extraction.text", "sklearn.linear_model"):
        importlib.import_module(module)  # takes longer than fitting, and is not it
    known = Counter(item.target for item in parts.train)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).unlink(missing_ok=True)  # without its ledger a router is not complete
    work = Path(tempfile.mkdtemp(prefix=".wattbench-", dir=folder))
    try:
        with BuildMeter(metering, work, METHOD) as meter:
            fitted = fit_labels([_text(item) for item in parts.train], [item.target for item in parts.train])
            save_classifier(folder / MODEL, fitted)
        labels = load_classifier(folder / MODEL, where="the router").label([_text(item) for item in parts.test])
        right = sum(label == item.target for label, item in zip(labels, parts.test, strict=True))
        windows = meter.windows
    finally:
        shutil.rmtree(work, ignore_errors=True)
    settings = {"seed": seed, "features": fitted.features.model_dump(mode="json")}
    documents = [Document(item.target, "", _text(item), item.target) for item in parts.train]
    ledger = ledger_entry(
        [folder / MODEL],
        windows,
        grams,
        ("wattbench", "numpy", "scipy", "scikit-learn"),
        results={"accuracy": right / len(parts.test)},
        name="router",
        method=METHOD,
        recipe_sha256=hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
        documents_sha256=documents_sha256(documents),
        seed=seed,
        needs=[],
        sessions=1,
        documents=len(parts.train),
        tokens=0,
        teacher_tokens=0,
        loss=[],
    )
    write_ledger(folder, ledger)
    commonest = known.most_common(1)[0][0]
    return FittedRouter(
        tuple(sorted(known)),
        len(parts.train),
        len(parts.test),
        right,
        sum(item.target == commonest for item in parts.test),
        ledger,
    )


def _text(item: Item) -> str:
    return str(item.doc[TEXT])
