"""What a mixture's experts are asked for: by domain, together, and how many bytes of weights that reads.

All of it is from the observation pass, which no timing shares. May import `reports.compare` and what lies below it.
"""

from reports.experts.choices import Choices, recorded_choices
from reports.experts.together import Together, together
from reports.experts.touched import Touched, touched
from reports.experts.use import ExpertUse, expert_use

__all__ = [
    "Choices",
    "ExpertUse",
    "Together",
    "Touched",
    "expert_use",
    "recorded_choices",
    "together",
    "touched",
]
