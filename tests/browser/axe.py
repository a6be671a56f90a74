"""Run axe-core in the page that is shown, with all of its rules or with some."""

from __future__ import annotations

from typing import Any

VIOLATIONS = """
const [options, done] = [arguments[0], arguments[arguments.length - 1]];
axe.run(document, {resultTypes: ['violations'], ...options}).then(
  found => done({
    rules: found.passes.length + found.violations.length,
    violations: found.violations.map(each => [each.impact, each.id, each.nodes.map(node => node.html.slice(0, 200))]),
  }),
  error => done({rules: 0, violations: [['critical', String(error), []]]}),
);
"""
EVERY_RULE: dict[str, Any] = {}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules of those usually run that look at colours: a scheme changes nothing else, as its style sheet sets only
variables."""
OTHERS = {"rules": {"color-contrast": {"enabled": False}}}
"""All but the one rule that takes as long as the others together."""


def violations(browser: Any, axe: str, options: dict[str, Any] = EVERY_RULE, *, least: int = 21) -> list:
    """Return axe-core's findings in the page: (impact, rule, elements).

    Args:
        browser: shows the page.
        axe: the source of axe-core.
        options: which rules, as `axe.run` takes them.
        least: how many rules have to find something to look at; of those of colours, one.
    """
    browser.set_script_timeout(180)
    browser.execute_script(axe)
    found = browser.execute_async_script(VIOLATIONS, options)
    assert found["rules"] >= (1 if options is COLOURS else least), "axe looked at the page"
    return found["violations"]
