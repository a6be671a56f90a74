"""What judges said of answers, how people's labels correct it, and what judging took."""

from wattbench_reports.comparison.judges.caveats import judged_caveats
from wattbench_reports.comparison.judges.figures import LEAST_APART, judged_of
from wattbench_reports.comparison.judges.model import (
    AlikeErrors,
    JudgeBill,
    JudgedAnswers,
    JudgedTask,
    JudgingUse,
    LabelledAnswer,
    LabelsBuy,
    NamedBias,
    OpinionOnSystem,
)
from wattbench_reports.comparison.judges.of_runs import judged_of_runs, other_judges

__all__ = [
    "LEAST_APART",
    "AlikeErrors",
    "JudgeBill",
    "JudgedAnswers",
    "JudgedTask",
    "JudgingUse",
    "LabelledAnswer",
    "LabelsBuy",
    "NamedBias",
    "OpinionOnSystem",
    "judged_caveats",
    "judged_of",
    "judged_of_runs",
    "other_judges",
]
