"""Write annotations of a nightly job in plain words: an error per alarm, warnings, and notices of what changed."""

# Without `from __future__ import annotations`, which would take the name of the function.
from wattbench_reports.export.gate.annotations import limited, workflow_command
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history.change_words import label, sentence, state
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.night_verdict import NightVerdict, worsenings_to_see
from wattbench_reports.wording import night as wording

_TITLE = "wattbench nightly"


def annotations(verdict: NightVerdict) -> list[str]:
    """Return the lines to print: errors, warnings, then notices, at most `MOST_OF_A_KIND` of each.

    A night that does not pass has an error or a warning.
    """
    errors = [workflow_command("error", f"{_TITLE}: {_series(each.system, each.domain, each.metric)}", f"{each.text}.")
              for each in verdict.alarms]  # fmt: skip
    seen = worsenings_to_see(verdict.changes)
    errors += [_of_change("error", each) for each in seen if each.state == "still_regressed"]
    warnings = [_of_change("warning", each) for each in seen if each.state != "still_regressed"]
    if verdict.result.exit_code and not errors and not warnings:
        kind = "error" if verdict.result.verdict is Verdict.ERROR else "warning"
        warnings.append(workflow_command(kind, f"{_TITLE}: no verdict", verdict.result.headline))
    alarming = {(each.system, each.metric) for each in verdict.alarms}
    notices = [
        _of_change("notice", each)
        for each in verdict.changes
        if each.state == "better" and (each.system, each.metric) not in alarming
    ]
    for difference in verdict.differences:
        if not difference.empty:
            text = ". ".join(each.plain for each in wording.difference_points(difference))
            notices.append(workflow_command("notice", f"{_TITLE}: {wording.difference_title(difference)}", f"{text}."))
    return [line for kind, lines in (("error", errors), ("warning", warnings), ("notice", notices))
            for line in limited(kind, lines, _TITLE)]  # fmt: skip


def _of_change(kind: str, change: NightChange) -> str:
    title = f"{_TITLE}: {_series(change.system, '', change.metric)} {state(change)}"
    return workflow_command(kind, title, sentence(change))


def _series(system: str, domain: str, metric: str) -> str:
    return f"{system}{f', {domain}' if domain else ''}: {label(metric)}"
