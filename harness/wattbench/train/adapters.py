"""Train an adapter on the answers of some domains: a specialist, or a tuned generalist."""

from __future__ import annotations

from wattbench.systems.local.shared_layers import sharing
from wattbench.train.examples import Collator, documents_of, encode, prompt_of
from wattbench.train.recipe import AdapterMember
from wattbench.train.shop import Shop, TrainingResult, new_adapter, save_adapter
from wattbench.train.trainer import answer_loss
from wattbench.train.training import train_member


def build_adapter(shop: Shop, member: AdapterMember) -> TrainingResult:
    """Train and save an adapter."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    examples = [encode(shop.tokenizer, prompt_of(recipe, one), one.answer) for one in learned_from]
    model = new_adapter(sharing(shop.base), member.lora, seed=shop.seed)
    counts = train_member(shop, model, examples, Collator(shop.tokenizer.eos_token_id), answer_loss, member.schedule)
    save_adapter(model, shop.target)
    return TrainingResult(learned_from, counts)
