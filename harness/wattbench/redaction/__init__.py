"""Keep secrets out of everything that is written and printed.

Three doors: `hide` for what people read (messages, logs, tracebacks), `hide_settings` for settings and command lines,
and `hide_known` for data, such as prompts and answers, in which only the secrets of this process are hidden: a text
that merely looks like a key is part of what was asked or answered.

May import nothing of wattbench.
"""

from wattbench.redaction.known import HIDDEN, Known, known
from wattbench.redaction.redact import (
    HidingStream,
    hidden_output,
    hide,
    hide_command,
    hide_known,
    hide_settings,
    keep_environment,
    keep_secret,
    keep_secrets_of,
    scrub,
)

__all__ = [
    "HIDDEN",
    "HidingStream",
    "Known",
    "hidden_output",
    "hide",
    "hide_command",
    "hide_known",
    "hide_settings",
    "keep_environment",
    "keep_secret",
    "keep_secrets_of",
    "known",
    "scrub",
]
