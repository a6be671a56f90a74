"""Judge the last night of a history, and build its site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.judge_gate import policy_of_suite
from wattbench.errors import UserError
from wattbench.nights import keep_verdict, rebuilt
from wattbench.records import IDENTITY, read_run
from wattbench.scenarios.interleaved.find_suite import DEFAULTS, find_policy
from wattbench_reports.export.night import as_json
from wattbench_reports.gate.policy import NIGHT_POLICY, policy_of
from wattbench_reports.history import load_history
from wattbench_reports.history.night_verdict import night_verdict
from wattbench_reports.site import build_site

if TYPE_CHECKING:
    from wattbench.nights import NightsLayout
    from wattbench_reports.gate.policy import Policy
    from wattbench_reports.history import History
    from wattbench_reports.history.night_verdict import NightVerdict


def judge_last_night(layout: NightsLayout, policy_file: Path | None) -> NightVerdict:
    """Judge the last night and keep the verdict next to the runs.

    Raises:
        UserError: there is no finished night, a record is damaged, or the policy is wrong.
    """
    history = load_history(layout.root)
    verdict = night_verdict(history, _policy(history, policy_file))
    keep_verdict(layout, history.nights[-1].run, as_json(verdict))
    return verdict


def rebuild_site(layout: NightsLayout) -> Path:
    """Rebuild a history's site by the policy of its last night, and return its first page.

    Raises:
        UserError: as `judge_last_night`.
    """
    return build_site_by(layout, _policy(load_history(layout.root), None))


def build_site_by(layout: NightsLayout, policy: Policy) -> Path:
    """Build a history's site by a policy, and return its first page."""
    return rebuilt(layout, lambda folder: build_site(layout.root, folder, policy)) / "index.html"


def _policy(history: History, policy_file: Path | None) -> Policy:
    """Return the given policy, else the policy of the last night's suite, else of `pyproject.toml`, else the default.

    A system may change from night to night: whether a change made it worse is what nights are judged for.
    """
    if not history.nights:
        raise UserError("; ".join([f"{history.root}: there is no finished night to judge", *history.notes]))
    of_suite = policy_of_suite(read_run(history.nights[-1].root))
    chosen, source = find_policy(policy_file, of_suite, Path.cwd())
    if source == DEFAULTS:
        return NIGHT_POLICY
    return policy_of(chosen.model_copy(update={"may_differ": list(IDENTITY)}))
