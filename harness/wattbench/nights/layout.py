"""Define the paths of a history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import failing_as, make_folder


@dataclass(frozen=True)
class NightsLayout:
    """The paths of one history. Only `created` creates folders.

    Next to them are `reference.yaml`, which people write, and `.index/`, a cache: both are for `wattbench_reports` to
    read.
    """

    root: Path

    @property
    def runs(self) -> Path:
        """`runs/`: a run directory per night. A run counts once it is finished."""
        return self.root / "runs"

    @property
    def verdicts(self) -> Path:
        """`verdicts/<run>.json`: the verdict on a night when it was judged last."""
        return self.root / "verdicts"

    @property
    def site(self) -> Path:
        """`site`: a link to the last complete site."""
        return self.root / "site"

    @property
    def sites(self) -> Path:
        """`.sites/`: the site that is shown, the one before it for those who still read it, and one that is being
        built."""
        return self.root / ".sites"

    @property
    def aside(self) -> Path:
        """`.aside/`: runs on their way in or out. Nothing in it counts."""
        return self.root / ".aside"

    @property
    def site_lock(self) -> Path:
        """`.site.lock`: held by the one process that builds the site."""
        return self.root / ".site.lock"

    def created(self) -> NightsLayout:
        """Create the folders of a history.

        Raises:
            UserError: they cannot be created.
        """
        with failing_as(self.root, "the history cannot be created here"):
            make_folder(self.runs)
        return self

    def existing(self) -> NightsLayout:
        """Check that the history exists.

        Raises:
            UserError: there is no history here.
        """
        if not self.runs.is_dir():
            raise UserError(
                f"{self.root}: not a history (it has no folder {self.runs.name}); "
                "wattbench nightly and wattbench history --add create one"
            )
        return self
