"""An adapter on the base, taught the answers of some domains: a specialist, or a tuned generalist."""

from __future__ import annotations

from harness.systems.shared import sharing
from harness.train.examples import Collator, documents_of, encode, prompt_of
from harness.train.recipe import AdapterMember
from harness.train.shop import Outcome, Shop, new_adapter, save_adapter
from harness.train.trainer import answer_loss
from harness.train.training import train_member


def build_adapter(shop: Shop, member: AdapterMember) -> Outcome:
    """Train and save it."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    examples = [encode(shop.tokenizer, prompt_of(recipe, one), one.answer) for one in learned_from]
    model = new_adapter(sharing(shop.base), member.lora, seed=shop.seed)
    counts = train_member(shop, model, examples, Collator(shop.tokenizer.eos_token_id), answer_loss, member.schedule)
    save_adapter(model, shop.target)
    return Outcome(learned_from, counts)
