"""Build the members of a family in the order of their recipe, except those that are up to date."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.meters import Metering
from wattbench.progress import PlannedTurn, Progress
from wattbench.records.files.atomic_write import sync_tree
from wattbench.systems import release_base
from wattbench.systems.local import base_cache
from wattbench.systems.local.mixture import sharing
from wattbench.systems.training_ledger import FILE, Ledger, read_ledger, write_ledger
from wattbench.systems.weights import cache_folder
from wattbench.train.examples import (
    CalculatedDocument,
    Collator,
    documents_of,
    documents_sha256,
    encode,
    encode_call,
    prompt_of,
)
from wattbench.train.metered import BuildMeter, Grams, ledger_entry
from wattbench.train.mixtures import build_mixture
from wattbench.train.recipe import AdapterMember, AnyMember, Family, ToolMember, needs
from wattbench.train.routing import build_classifier, build_threshold
from wattbench.train.shop import Shop, TrainingResult, new_adapter, save_adapter
from wattbench.train.students import build_distilled, build_reasoning, train_member
from wattbench.train.trainer import Counts, answer_loss
from wattbench.train.watch import all_counts, loss_curve


def _build_adapter(shop: Shop, member: AdapterMember) -> TrainingResult:
    """Train and save an adapter."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    examples = [encode(shop.tokenizer, prompt_of(recipe, one), one.answer) for one in learned_from]
    return TrainingResult(learned_from, _train_adapter(shop, member, examples))


def _train_adapter(shop: Shop, member: AdapterMember | ToolMember, examples: list[dict[str, Any]]) -> Counts:
    model = new_adapter(sharing(shop.base), member.lora, seed=shop.seed)
    counts = train_member(shop, model, examples, Collator(shop.tokenizer.eos_token_id), answer_loss, member.schedule)
    save_adapter(model, shop.target)
    return counts


def _build_tool(shop: Shop, member: ToolMember) -> TrainingResult:
    """Train and save an adapter that calls a calculator."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    calculated = [one for one in learned_from if isinstance(one, CalculatedDocument) and one.calculation is not None]
    if len(calculated) < len(learned_from):
        task = next(one.task for one in learned_from if one not in calculated)
        raise UserError(f"{shop.name}: documents of {task} have no calculation to learn from")
    examples = [
        encode_call(
            shop.tokenizer,
            prompt_of(recipe, one),
            member.call.replace("{calculation}", one.calculation or ""),
            member.result.replace("{result}", one.answer),
            one.answer,
        )
        for one in calculated
    ]
    return TrainingResult(learned_from, _train_adapter(shop, member, examples))


METHODS: dict[str, Callable[[Shop, Any], TrainingResult]] = {
    "adapter": _build_adapter,
    "tool": _build_tool,
    "mixture": build_mixture,
    "distil": build_distilled,
    "reasoning": build_reasoning,
    "classifier": build_classifier,
    "threshold": build_threshold,
}


def stale(family: Family, names: Sequence[str]) -> list[str]:
    """List the members that are not built, or not by this recipe, in the order of the recipe.

    Raises:
        UserError: one is not in the recipe, or needs another that would have to be built first.
    """
    for name in names:
        family.member(name)
    wanted = [name for name in family.recipe.members if name in names and not _up_to_date(family, name)]
    for name in wanted:
        for needed in needs(family.member(name)):
            if needed not in wanted and not _up_to_date(family, needed):
                raise UserError(
                    f"{name} is made from {needed}, which is not built yet, or was built by another recipe: name both"
                )
    return wanted


def build(family: Family, names: Sequence[str], metering: Metering, progress: Progress, grams: Grams) -> None:
    """Build some members.

    Args:
        family: the recipe, and where its members go.
        names: the members (`stale` returns them in order).
        metering: entered.
        progress: entered.
        grams: for the ledgers.

    Raises:
        UserError: one of them cannot be built.
    """
    import torch

    if family.recipe.base.threads is not None:
        torch.set_num_threads(family.recipe.base.threads)
    progress.note("loading the base ...")
    base, _ = base_cache.acquire("the base", family.recipe.base)
    try:
        for name in names:
            _build_one(family, name, base.model, base.tokenizer, metering, progress, grams)
    finally:
        release_base()


def planned_documents(family: Family, name: str) -> int:
    """Count the documents that building a member processes, each pass separately: for the progress bar."""
    member = family.member(name)
    tasks = sum(len(family.recipe.domains[domain]) for domain in family.domains(name))
    schedule = getattr(member, "schedule", None)
    passes = schedule.passes if schedule is not None else 2 if member.method == "threshold" else 1
    return round(member.documents * tasks * passes)


def _build_one(
    family: Family, name: str, base: Any, tokenizer: Any, metering: Metering, progress: Progress, grams: Grams
) -> None:
    member = family.member(name)
    fingerprint = family.fingerprint(name)
    work = cache_folder() / "family" / fingerprint[:16]
    work.mkdir(parents=True, exist_ok=True)
    # Without its ledger a member is not built; and what an older recipe left must not be taken for this one's.
    (family.folder / name / FILE).unlink(missing_ok=True)
    shutil.rmtree(family.folder / name, ignore_errors=True)
    (family.folder / name).mkdir()
    progress.start_cell(name, PlannedTurn(name, planned_documents(family, name)), 0)
    meter = BuildMeter(metering, work, name)
    with meter:
        shop = Shop(family, name, base, tokenizer, work, family.folder / name, meter, progress)
        outcome = METHODS[member.method](shop, member)
    sync_tree(shop.target)  # its ledger says that it is complete
    write_ledger(shop.target, _ledger(shop, member, outcome, grams))
    shutil.rmtree(work)
    progress.end_cell()


def _ledger(shop: Shop, member: AnyMember, outcome: TrainingResult, grams: Grams) -> Ledger:
    counts, sessions = all_counts(shop.work)
    if not counts.documents:  # a method without a training loop counts for itself
        counts = outcome.counts
    return ledger_entry(
        [path for path in sorted(shop.target.iterdir()) if path.is_file() and path.name != FILE],
        shop.meter.windows,
        grams,
        ("torch", "transformers", "peft"),
        results=outcome.results,
        name=shop.name,
        method=member.method,
        recipe_sha256=shop.family.fingerprint(shop.name),
        documents_sha256=documents_sha256(outcome.documents),
        seed=shop.seed,
        needs=needs(member),
        sessions=sessions,
        documents=counts.documents,
        tokens=counts.tokens,
        teacher_tokens=counts.teacher_tokens,
        loss=loss_curve(shop.work),
    )


def _up_to_date(family: Family, name: str) -> bool:
    path: Path = family.folder / name / FILE
    if not path.is_file():
        return False
    ledger = read_ledger(path)
    return (
        ledger.recipe_sha256 == family.fingerprint(name)
        and ledger.documents_sha256 == documents_sha256(documents_of(family, name))
        and all((path.parent / file).is_file() for file in ledger.files)
    )
