"""Put a routing study into words: a verdict in one sentence, sentences by topic, and tables."""

from wattbench_reports.wording.routing.choices import row_name, shares_text
from wattbench_reports.wording.routing.measures import StudyMeasures, study_measures
from wattbench_reports.wording.routing.phrases import PHRASES
from wattbench_reports.wording.routing.sentences import routing_sentences
from wattbench_reports.wording.routing.tables import cascades_table, choices_table, residents_table
from wattbench_reports.wording.routing.verdict import routing_verdict

__all__ = [
    "PHRASES",
    "StudyMeasures",
    "cascades_table",
    "choices_table",
    "residents_table",
    "routing_sentences",
    "routing_verdict",
    "row_name",
    "shares_text",
    "study_measures",
]
