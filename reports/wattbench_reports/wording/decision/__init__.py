"""Put a decision into words.

The page's script says the same for other settings with the same sentences: the page carries `PHRASES`.

phrases.py   the sentences, with fields in braces
"""

from wattbench_reports.wording.decision.phrases import ASK, LISTED, PHRASES, few

__all__ = ["ASK", "LISTED", "PHRASES", "few"]
