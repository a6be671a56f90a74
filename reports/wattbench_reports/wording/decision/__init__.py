"""Put a decision into words: advice in one sentence, the evidence, a table row per system, and the main caveat.

The page's script says the same for other settings with the same sentences: the page carries `PHRASES`, or `IF_DROPPED`,
and what is decided here about words is repeated in `reports/wattbench_reports/html/whatif`.
"""

from wattbench_reports.wording.decision.advice import advice
from wattbench_reports.wording.decision.costs import CostWords, cost_words
from wattbench_reports.wording.decision.evidence import evidence
from wattbench_reports.wording.decision.phrases import ASK, IF_DROPPED, PHRASES
from wattbench_reports.wording.decision.requirements import qualifies
from wattbench_reports.wording.decision.table import decision_table
from wattbench_reports.wording.decision.words import DecisionWords, decided, decision_words, main_caveat

__all__ = [
    "ASK",
    "IF_DROPPED",
    "PHRASES",
    "CostWords",
    "DecisionWords",
    "advice",
    "cost_words",
    "decided",
    "decision_table",
    "decision_words",
    "evidence",
    "main_caveat",
    "qualifies",
]
