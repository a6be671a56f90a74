"""Write the header of a merged run: what its shards have in common, and which machines measured them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from wattbench.distributed.merging.found_shards import Shard, Shards
from wattbench.records import RunHeader
from wattbench.records.finish_record import file_sha256


def merged_header(shards: Shards, command: Sequence[str], run: str | None = None) -> RunHeader:
    """Return the header of the merged run, with a new name where it is to have none."""
    first = shards.first.header
    suite = first.suite.get("suite")
    name = str(suite.get("name", "run")) if isinstance(suite, dict) else "run"
    machines = _machines(shards.every)
    return replace(
        first,
        run=run or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}",
        created_utc=min(shard.header.created_utc for shard in shards.every),
        command=list(command),
        meters=machines[first.node]["meters"],
        meter_details=machines[first.node]["meter_details"],
        node=first.node if len(machines) == 1 else "",
        machines=machines if len(machines) > 1 else {},
        shard=None,
        retried_from=None,
        journal=False,
        merged=[_provenance(shard) for shard in shards.every],
    )


def _machines(shards: Sequence[Shard]) -> dict[str, dict[str, Any]]:
    """Return each machine with what is measured there, in the order of the blocks. Its slots have GPUs of their own."""
    machines: dict[str, dict[str, Any]] = {}
    for shard in shards:
        header = shard.header
        known = machines.setdefault(header.node, {"environment": header.environment, "meters": {}, "meter_details": {}})
        known["meters"] |= header.meters
        known["meter_details"] |= header.meter_details
    return machines


def _provenance(shard: Shard) -> dict[str, Any]:
    header = shard.header
    return {
        "run": header.run,
        "node": header.node,
        "blocks": list(shard.numbers),
        "created_utc": header.created_utc,
        "sha256": file_sha256(shard.records.layout.finished),
    }
