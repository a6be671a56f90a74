"""How often a router is called worth building where it gains nothing, and found where it does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import ndtr

from benchmarks.adversaries.claim import Claim, Outcomes, World
from benchmarks.adversaries.router_worlds import Copies, MadeUp, RouterWorld, copied, made_up
from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import RoutedItems
from wattbench_reports.routing.ceiling import bounded, ceiling
from wattbench_reports.routing.judge import judge, with_shared_risk
from wattbench_reports.routing.learned import learned_choices
from wattbench_reports.routing.model import RoutingVerdict, WorthBuilding
from wattbench_reports.routing.router_own import with_own_cost
from wattbench_reports.routing.verdict import verdict

WORTH, FOUND, LITTLE, DENIED, SAID, MISSES = (
    "router-worth-building", "router-found", "router-found-little", "router-denied", "router-not-worth-it",
    "router-misses",
)  # fmt: skip
_ALIKE = (
    "the items are like those to come, requests are on record, and copies of a request read alike (a cosine of their"
    " words of 0.8)"
)
_SEEN = "Read a few requests: are they of few templates, and is the number of different requests that is said right?"
CLAIMS = (
    Claim(
        WORTH,
        "A router that gains nothing on the best single system is called worth building in at most 5% of runs.",
        "runs in which no router that can be built gains, on fresh items",
        _ALIKE,
        _SEEN,
        most=0.05,
    ),
    Claim(
        FOUND,
        "A router that gains 3 points on the best single system in 1,000 items is found in 80% of runs.",
        "runs in which a router that knows the topic gains 3 or 5 points",
        "one topic has most of the gain, and something on record tells it",
        "The control that is fitted to shuffled answers gains as much: then nothing tells it.",
        least=0.8,
    ),
    Claim(
        LITTLE,
        "A gain of 1 point in 1,000 items is called worth building this often.",
        "runs in which a router that knows the topic gains 1 point",
        "one topic has most of the gain, and something on record tells it",
        "The verdict says how many more items would tell.",
    ),
    Claim(
        DENIED,
        "A router that gains 3 points or more is called not worth it in at most 5% of runs.",
        "runs in which a router that knows the topic gains 3 or 5 points",
        "something on record tells the topic",
        "A router with another reader of requests gains more.",
        most=0.05,
    ),
    Claim(
        SAID,
        "Where no router gains anything and all kinds are judged, it is said this often that none is worth it.",
        "runs in which no router that can be built gains, with requests on record",
        _ALIKE,
        _SEEN,
    ),
    Claim(
        MISSES,
        "Of routers that all miss a requirement by a hair, one is called worth building in at most 10% of runs.",
        "runs in which the true accuracy of each is 0.1 points below what is required",
        "items, or the blocks of a run, are independent of each other",
        "Blocks are few, or what is asked in one lasts into the next.",
        most=0.12,
    ),
)


def said_of(run: MadeUp, own: float = 0.0) -> RoutingVerdict:
    """Judge a run as `wattbench route` does.

    Args:
        run: made up.
        own: the router's own money per request.
    """
    context, texts = run.context, run.texts
    learned = learned_choices(
        context,
        lambda items: None if texts is None else [texts[each] for each in items.tolist()],
        lambda routed: with_own_cost(routed, {"money": own}, context.answers.unit),
    )
    highest = bounded(ceiling(context), learned.choices)
    choices = with_shared_risk(learned.choices, context.settings.risk)
    return verdict(context, choices, highest, learned.not_judged)


def gains_nothing(world: RouterWorld | Copies, own: float, seed: int) -> Outcomes:
    """Simulate a run in which no router gains anything."""
    run = copied(world, seed) if isinstance(world, Copies) else made_up(world, seed)
    answer = said_of(run, own).answer
    outcomes = {WORTH: (int(answer == WorthBuilding.YES), 1)}
    return outcomes if run.texts is None else outcomes | {SAID: (int(answer == WorthBuilding.NO), 1)}


def gains(world: RouterWorld, seed: int) -> Outcomes:
    """Simulate a run in which a router by topic gains."""
    answer = said_of(made_up(world, seed)).answer
    worth = int(answer == WorthBuilding.YES)
    if world.gain < 0.03 - 1e-9:
        return {LITTLE: (worth, 1)}
    return {FOUND: (worth, 1), DENIED: (int(answer == WorthBuilding.NO), 1)}


def misses(routers: int, items: int, blocks: int, spread: float, seed: int) -> Outcomes:
    """Simulate routers of a file, each a tenth of a point below the accuracy that is required, and far cheaper.

    Args:
        routers: how many.
        items: of the run.
        blocks: 1: a run without.
        spread: the standard deviation of a block's accuracy.
        seed: of the run.
    """
    rng = np.random.default_rng([routers, items, blocks, seed])
    required, hard = 0.8, rng.normal(size=(items, 1))
    block = rng.permutation(np.arange(items) % blocks)
    chance = required - 0.001 + spread * rng.normal(size=blocks)[block]

    def answered(columns: int, share: float | np.ndarray) -> np.ndarray:
        latent = np.sqrt(0.5) * (hard + rng.normal(size=(items, columns)))
        return (ndtr(latent) < np.reshape(share, (-1, 1))).astype(np.float64)

    score = np.hstack([answered(1, 0.6), answered(1, 0.9)])
    answers = answers_of(score, [1.0, 10.0], cluster=None if blocks == 1 else block)
    settings = DecisionSettings((Requirement("accuracy", required),))
    context = context_of(answers, "cost", settings=settings)
    context = replace(context, baseline=replace(context.baseline, single=1))
    routed = answered(routers, chance)
    cost, requests = np.full(items, 2.0), np.tile([0.9, 0.1], (items, 1))
    choices = [
        judge(context, "file", str(each), "", RoutedItems(routed[:, each], cost, {}, requests), answers.systems)
        for each in range(routers)
    ]
    said = verdict(context, with_shared_risk(choices, settings.risk), ceiling(context), {})
    return {MISSES: (int(said.answer == WorthBuilding.YES), 1)}


_SHUFFLED = tuple(
    RouterWorld(share=0.1, advantage=0.3, shuffled=True, **each)  # type: ignore[arg-type]  # of several types
    for each in (
        {"name": "by domain", "items": 1_000},
        {"name": "by domain, systems alike", "items": 1_000, "elsewhere": 0.6167},
        {"name": "by domain, specialist at half the cost", "items": 1_000, "cost_of_specialist": 0.5},
        {"name": "by domain, four systems", "items": 1_000, "others": 2},
        {"name": "by domain, in 8 blocks", "items": 1_000, "blocks": 8},
        {"name": "by domain, net benefit", "items": 1_000, "aim": "benefit", "cost_of_specialist": 0.5},
        {"name": "by domain, least cost", "items": 1_000, "aim": "cost", "cost_of_specialist": 0.5, "required": 0.55},
        {"name": "by words, systems alike", "items": 400, "domains": False, "texts": True, "elsewhere": 0.6167},
        {"name": "by words, specialist at half the cost", "items": 400, "domains": False, "texts": True,
         "cost_of_specialist": 0.5},
    )
)  # fmt: skip
_FAR_ABOVE = RouterWorld("one model far above", 1_000, share=0.3, advantage=0.2, generalist=0.7, far_above=0.94,
                         cost_of_specialist=0.5)  # fmt: skip
"""A router between the other two gains 6 points on the better one, and is 18 points below a third."""
_DEAR_ITSELF = RouterWorld("a router that is dear itself", 1_000, share=0.5, advantage=0.0, elsewhere=0.35,
                           cost_of_specialist=0.5)  # fmt: skip
"""Half of the requests can be answered at half the cost: a saving of a quarter, which choosing costs as well."""
_COPIES = (
    (Copies("40 templates x 10 copies"), True),
    (Copies("40 templates x 10 copies, in 8 blocks", blocks=8), True),
    (Copies("40 templates x 10 copies, of 8 domains", domains=8), True),
    (Copies("100 templates x 4 copies, of 5 domains", templates=100, copies=4, domains=5), True),
    (Copies("copies in which a third of the words is another", replaced=8), False),
    (Copies("40 templates x 10 copies of 8 domains, requests not on record", domains=8, prompts=False), False),
)
_PLANTED = tuple(
    RouterWorld(items=1_000, **each)  # type: ignore[arg-type]  # of several types
    for each in (
        {
            "name": "5 points by domain, 50 on a tenth",
            "share": 0.1,
            "advantage": 0.5,
            "generalist": 0.45,
            "elsewhere": 0.3,
        },
        {"name": "3 points by domain, 30 on a tenth", "share": 0.1, "advantage": 0.3},
        {"name": "3 points by domain, 15 on a fifth", "share": 0.2, "advantage": 0.15},
        {"name": "3 points by words, 30 on a tenth", "share": 0.1, "advantage": 0.3, "domains": False, "texts": True},
        {"name": "1 point by domain, 10 on a tenth", "share": 0.1, "advantage": 0.1},
    )
)
_UNCLEAR = RouterWorld("3 points by words, 15 on a fifth", 1_000, share=0.2, advantage=0.15, domains=False, texts=True)
_RUNS, _BY_WORDS = 200, 80
WORLDS = (
    *(
        World(
            f"shuffled answers, {each.name}",
            True,
            partial(gains_nothing, each, 0.0),
            _BY_WORDS if each.texts else _RUNS,
        )
        for each in _SHUFFLED
    ),
    World(_FAR_ABOVE.name, True, partial(gains_nothing, _FAR_ABOVE, 0.0), _RUNS),
    World(_DEAR_ITSELF.name, True, partial(gains_nothing, _DEAR_ITSELF, 0.25), _RUNS),
    *(World(each.name, holds, partial(gains_nothing, each, 0.0), _BY_WORDS) for each, holds in _COPIES),
    *(World(each.name, True, partial(gains, each), 60 if each.texts else _RUNS) for each in _PLANTED),
    World(_UNCLEAR.name, False, partial(gains, _UNCLEAR), 60),
    *(
        World(
            f"{routers} of 400 items below what is required{where}",
            holds,
            partial(misses, routers, 400, blocks, spread),
            400,
        )
        for routers, blocks, spread, where, holds in (
            (1, 1, 0.0, "", True),
            (8, 1, 0.0, "", True),
            (1, 16, 0.1, ", in 16 blocks that differ", True),
            (8, 8, 0.2, ", in 8 blocks that differ much", False),
        )
    ),
)
