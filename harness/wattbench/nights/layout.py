"""Where everything lies in a folder of nights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.atomic_write import failing_as


@dataclass(frozen=True)
class NightsLayout:
    """The paths of one history. Creates nothing but through `made`.

    Beside them lie `reference.yaml`, which people write, and `.index/`, a cache: both are for `wattbench_reports` to
    read.
    """

    root: Path

    @property
    def runs(self) -> Path:
        """`runs/`: a run directory per night. A run counts once it is finished."""
        return self.root / "runs"

    @property
    def verdicts(self) -> Path:
        """`verdicts/<run>.json`: what was said of a night when it was judged last."""
        return self.root / "verdicts"

    @property
    def site(self) -> Path:
        """`site`: a link to the last site that was built whole."""
        return self.root / "site"

    @property
    def sites(self) -> Path:
        """`.sites/`: the site that is shown, the one before it for who still reads it, and one that is being built."""
        return self.root / ".sites"

    @property
    def aside(self) -> Path:
        """`.aside/`: runs on their way in or out. Nothing in it counts."""
        return self.root / ".aside"

    @property
    def site_lock(self) -> Path:
        """`.site.lock`: held by the one process that builds the site."""
        return self.root / ".site.lock"

    def made(self) -> NightsLayout:
        """With its folders there.

        Raises:
            UserError: they cannot be made.
        """
        with failing_as(self.root, "the history cannot be made here"):
            self.runs.mkdir(parents=True, exist_ok=True)
        return self

    def found(self) -> NightsLayout:
        """As it is.

        Raises:
            UserError: there is no history here.
        """
        if not self.runs.is_dir():
            raise UserError(
                f"{self.root}: no history (it has no folder {self.runs.name}); "
                "wattbench nightly and wattbench history --add make one"
            )
        return self
