"""Collect the words of a routing study for every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing.cascades import cascade_sentences
from wattbench_reports.wording.routing.conditions import condition_sentences, control_sentences
from wattbench_reports.wording.routing.measures import StudyMeasures, study_measures
from wattbench_reports.wording.routing.residents import resident_sentences
from wattbench_reports.wording.routing.sentences import (
    ceiling_sentences,
    measured_predictions,
    recommended_sentences,
    tolerance_sentences,
)
from wattbench_reports.wording.routing.tables import RoutingTable, cascades_table, choices_table, residents_table
from wattbench_reports.wording.routing.verdict import routing_verdict

Topic = Literal["ceiling", "recommended", "cascades", "tolerance", "residents", "control", "prediction", "conditions"]
"""What a sentence is about."""


@dataclass(frozen=True)
class RoutingWords:
    """A routing study in words."""

    study: RoutingStudy
    verdict: str
    """One sentence: whether a router is worth building."""
    by_topic: Mapping[Topic, tuple[str, ...]]
    """Sentences of each topic, in the order to be read; a topic without any is empty."""
    choices: RoutingTable
    """Singles, routers, perfect routers and the control."""
    cascades: RoutingTable | None
    residents: RoutingTable | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """List all sentences after the verdict."""
        return tuple(sentence for sentences in self.by_topic.values() for sentence in sentences)


def routing_words(study: RoutingStudy) -> RoutingWords:
    """Put a routing study into words.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`.
    """
    measures = study_measures(study)
    return RoutingWords(
        study,
        routing_verdict(study),
        {topic: tuple(sentences(measures)) for topic, sentences in _TOPICS.items()},
        choices_table(measures),
        cascades_table(measures),
        residents_table(measures),
    )


_TOPICS: dict[Topic, Callable[[StudyMeasures], Iterator[str]]] = {
    "ceiling": ceiling_sentences,
    "recommended": recommended_sentences,
    "cascades": cascade_sentences,
    "tolerance": tolerance_sentences,
    "residents": resident_sentences,
    "control": control_sentences,
    "prediction": measured_predictions,
    "conditions": condition_sentences,
}
