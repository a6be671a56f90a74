"""Report a test that fails first and passes when it is run again as rerun, and not as passed.

pytest-rerunfailures runs it again, where tox asks for it. Its name is in the closing lines and, with the day, in
reruns.txt in the folder of the repository.
"""

from __future__ import annotations

import datetime

import pytest

FILE = "reruns.txt"
SHOWN = "R", ("RERUN", {"yellow": True})


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, object] | None:
    """Count a test that passes the second time as rerun, and one that fails twice as failed alone."""
    if report.outcome == "rerun":  # the first time
        return "", *SHOWN
    if report.when == "call" and report.passed and getattr(report, "rerun", 0):
        return "rerun", *SHOWN
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that were rerun."""
    names = [report.nodeid for report in terminalreporter.stats.get("rerun", [])]
    if names and not hasattr(terminalreporter.config, "workerinput"):  # a worker of xdist has a report of its own
        terminalreporter.section("failed first, passed when run again")
        terminalreporter.write_line("\n".join(names))
        day = datetime.datetime.now(tz=datetime.UTC).date()
        with (terminalreporter.config.rootpath / FILE).open("a") as file:
            file.writelines(f"{day} {name}\n" for name in names)
