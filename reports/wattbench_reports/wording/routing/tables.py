"""Tabulate a routing study: what routers give, cascades, and systems to keep loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Column, Table, text_rows
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, SECONDS
from wattbench_reports.routing.model import Cascade, Residents, ResidentSet, RoutingChoice
from wattbench_reports.wording.routing.choices import comes_to_best, qualifies_text, row_name, shares_text
from wattbench_reports.wording.routing.measures import StudyMeasures, minus, points
from wattbench_reports.wording.routing.phrases import PHRASES
from wattbench_reports.wording.routing.residents import gain_text
from wattbench_reports.wording.routing.sentences import quality_cell

MOST_CHOICES = 10
"""The number of routers that a table shows: those with the most gain."""

MOST_SINGLES = 4
"""The number of single systems that it shows: the best one, then those of a random mix, then the most accurate."""

LONGEST_NAME = 24
"""A best single system with a longer name is not named in each row."""


LEAST_WIDTH = 1e-9
"""A narrower interval of a gain is that of a system which gains are measured against."""


LEAST_SHOWN = 0.0005
"""A smaller difference of shares is shown as 0."""


def choices_table(measures: StudyMeasures) -> Table:
    """Tabulate the best single system, the routers by their gain, other single systems, the perfect routers and the
    control, each with accuracy, cost and gain, and its further figures."""
    columns = (
        Column("answered by"),
        Column("correct", numeric=True),
        Column(measures.heading(), numeric=True),
        Column(measures.gain_heading(), numeric=True),
        Column("details", below=True),
    )
    rows = (
        (
            name,
            units.percent_interval(each.accuracy),
            _cost(each, measures),
            _gain(each, measures),
            " · ".join(_details(each, measures)),
        )
        for name, each in _rows(measures)
    )
    return _table(columns, rows, _notes(measures))


def _table(columns: tuple[Column, ...], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()) -> Table:
    note = " ".join(f"{units.capital(each)}." for each in notes)
    return Table("", columns, text_rows(rows), note)


def _rows(measures: StudyMeasures) -> Iterator[tuple[str, RoutingChoice]]:
    study, best = measures.study, measures.best
    yield row_name(best), best
    for each in _shown_choices(measures):
        yield row_name(each), each
    for each in shown_singles(measures)[1:]:
        yield row_name(each), each
    ceiling = study.ceiling
    yield row_name(ceiling.best, "item"), ceiling.best
    if ceiling.cross_fitted is not None:
        yield row_name(ceiling.cross_fitted, "cross_fitted"), ceiling.cross_fitted
    for kind, few in (("triple", ceiling.triple), ("pair", ceiling.pair)):
        if few is not None:
            yield row_name(few, kind), few
    if study.control is not None:
        yield row_name(study.control, "shuffled"), study.control


def _shown_choices(measures: StudyMeasures) -> list[RoutingChoice]:
    """List the recommended router, then the others by their gain, those that meet what is required first."""
    return different_choices(measures)[:MOST_CHOICES]


def different_choices(measures: StudyMeasures) -> list[RoutingChoice]:
    """List the distinct routers, the recommended one first, then by requirements met and by gain."""
    study = measures.study
    first = study.verdict.choice
    order = sorted(study.choices, key=lambda each: (each is not first, _LEVELS[each.qualifies], -each.gain.estimate))
    same = {(each.kind, each.name, each.accuracy.estimate, each.cost.estimate): each for each in reversed(order)}
    return [each for each in order if same[each.kind, each.name, each.accuracy.estimate, each.cost.estimate] is each]


_LEVELS = {"yes": 0, "may": 1, "no": 2}


def shown_singles(measures: StudyMeasures) -> list[RoutingChoice]:
    """List a few single systems: the best one, then those of a random mix, then the most accurate."""
    study = measures.study
    hull = study.hull
    order = sorted(
        study.singles, key=lambda each: (each.name != study.best_single, each.name not in hull, -each.accuracy.estimate)
    )
    return order[:MOST_SINGLES]


def _cost(choice: RoutingChoice, measures: StudyMeasures) -> str:
    if measures.study.unit is None:
        return f"{units.fixed(100 * choice.cost.estimate, 0)}%"
    return measures.cost_cell(choice.cost)


def _gain(choice: RoutingChoice, measures: StudyMeasures) -> str:
    if choice.kind == "single" and choice.gain.high - choice.gain.low < LEAST_WIDTH:  # it is what others gain on
        return units.NONE
    return measures.gain_cell(choice.gain)


def _details(choice: RoutingChoice, measures: StudyMeasures) -> Iterator[str]:
    study = measures.study
    if choice.kind != "single":
        if study.unit is not None or len(choice.members) > 2:
            yield PHRASES["asked"].format(shares=shares_text(choice))
        if not comes_to_best(choice, measures):
            yield from _against(choice, measures)
    yield from _amounts(choice, measures)
    if choice.p95_s is not None:
        yield PHRASES["p95"].format(value=units.quantity(choice.p95_s, "s"))
    if study.settings.requirements:
        yield PHRASES["qualifies"].format(text=qualifies_text(choice, study.label))


def _against(choice: RoutingChoice, measures: StudyMeasures) -> Iterator[str]:
    study = measures.study
    sign = "+" if choice.accuracy_gain.estimate >= LEAST_SHOWN else ""
    yield PHRASES["against"].format(points=f"{sign}{points(choice.accuracy_gain)}", best=_short(study.best_single))
    part = measures.part_of(choice.cost.estimate)
    if study.unit is not None and part is not None:
        yield PHRASES["part_of_best"].format(part=part)


def _short(best: str) -> str:
    return best if len(best) <= LONGEST_NAME else PHRASES["best_single"]


_UNITS = {JOULES: "J", SECONDS: "s", GRAMS: "g CO2e"}


def _amounts(choice: RoutingChoice, measures: StudyMeasures) -> Iterator[str]:
    """Yield joules, seconds and grams per request, except the unit in which costs are compared."""
    for name, label in _UNITS.items():
        amount = choice.amounts.get(name)
        if amount is not None and name != str(measures.study.unit):
            yield units.quantity_interval(amount, label)


def _notes(measures: StudyMeasures) -> Iterator[str]:
    study = measures.study
    yield PHRASES["brackets"]
    shown = _shown_choices(measures)
    settings = {each.setting for each in shown}
    for setting in ("accurate", "value"):
        if setting in settings:
            key = f"why_{setting}"
            yield PHRASES.get(f"{key}_{study.aim}", PHRASES[key]).format(best=study.best_single)
    if settings & {"0.25", "0.5", "0.75"}:
        yield PHRASES["why_part_share" if study.unit is None else "why_part"].format(best=study.best_single)
    for left, noun in (
        (len(different_choices(measures)) - len(shown), "router"),
        (len(study.singles) - MOST_SINGLES, "system"),
    ):
        if left > 0:
            yield PHRASES["more_rows"].format(count=left, noun=noun if left == 1 else f"{noun}s")


def cascades_table(measures: StudyMeasures) -> Table | None:
    """Tabulate the cascades that may pay; None without any."""
    study = measures.study
    if not study.cascades:
        return None
    columns = (
        Column("cascade"),
        Column("as accurate from", numeric=True),
        Column("passed on there" if study.unit is None else measures.heading("there"), numeric=True),
        Column("gains from", numeric=True),
        Column("cheaper up to", numeric=True),
    )
    notes = (
        "from: how often the check of an answer must be right; 50% is a coin",
        "cheaper up to: the part of the requests passed on at which it costs as much as the second system alone",
    )
    return _table(columns, (_cascade(each, measures) for each in study.cascades), notes)


def _cascade(cascade: Cascade, measures: StudyMeasures) -> tuple[str, ...]:
    if measures.study.unit is None:
        cost = _share(cascade.escalation_at_equal)
    else:
        cost = units.NONE if cascade.cost_at_equal is None else measures.cost_cell(cascade.cost_at_equal)
    return (
        f"{cascade.first}, then {cascade.then}",
        quality_cell(cascade.equals),
        cost if quality_cell(cascade.equals) != units.NONE else units.NONE,
        quality_cell(cascade.pays),
        _share(cascade.break_even_escalation),
    )


def _share(share: float | None) -> str:
    return units.NONE if share is None else f"{units.fixed(100 * share, 0)}%"


def residents_table(measures: StudyMeasures, residents: Residents) -> Table:
    """Tabulate the sets of systems that are best to keep loaded, by rising rate."""
    columns = (
        Column("keep loaded"),
        Column("from requests per hour", numeric=True),
        Column(measures.costs.of_requests("gain without idle"), numeric=True),
        Column("further idle power", numeric=True),
    )
    return _table(columns, (_resident(each, measures) for each in residents.sets))


def _resident(each: ResidentSet, measures: StudyMeasures) -> tuple[str, ...]:
    return (
        units.named(each.systems),
        units.roughly(each.from_requests_per_hour),
        gain_text(measures, each.gain) if each.interval is None else measures.cost_cell(each.interval),
        minus(units.quantity(each.idle_w, "W")),
    )
