"""Whose joules the systems of an import have, as the reader declares it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wattbench.errors import UserError, nearest

OWNERS = ("model", "client")
"""The machine that runs the model, or a client that waits for it."""


def joules_of(given: Sequence[str], systems: Collection[str]) -> dict[str, str]:
    """Return the declared owner of each system's joules; systems of which nothing is declared are left out.

    Args:
        given: each ``client`` or ``model``, for all systems, or ``SYSTEM=client`` for one, which goes before.
        systems: of the import.

    Raises:
        UserError: an owner or a system is not known.
    """
    declared: dict[str, str] = {}
    for each in sorted(given, key=lambda one: "=" in one):
        system, equals, owner = each.rpartition("=")
        if owner not in OWNERS:
            raise UserError(f"--joules-of {each:.80}: write {' or '.join(OWNERS)}, or SYSTEM=client")
        if equals and system not in systems:
            raise UserError(f"--joules-of {each:.80}: no system {system!r:.60}{nearest(system, list(systems))}")
        declared |= dict.fromkeys([system] if equals else systems, owner)
    return declared
