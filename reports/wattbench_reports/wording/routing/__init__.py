"""Put a routing study into words: a verdict in one sentence, sentences by topic, and tables."""

from wattbench_reports.wording.routing.gains import reference
from wattbench_reports.wording.routing.measures import StudyMeasures, study_measures
from wattbench_reports.wording.routing.names import choice_noun, row_name, shares_text
from wattbench_reports.wording.routing.phrases import PHRASES
from wattbench_reports.wording.routing.tables import RoutingColumn, RoutingTable
from wattbench_reports.wording.routing.verdict import routing_verdict
from wattbench_reports.wording.routing.words import RoutingWords, Topic, routing_words

__all__ = [
    "PHRASES",
    "RoutingColumn",
    "RoutingTable",
    "RoutingWords",
    "StudyMeasures",
    "Topic",
    "choice_noun",
    "reference",
    "routing_verdict",
    "routing_words",
    "row_name",
    "shares_text",
    "study_measures",
]
