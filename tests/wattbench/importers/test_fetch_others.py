"""Files of others are held against their checksums, and what cannot be fetched is named."""

from __future__ import annotations

from tests.wattbench.importers.fetch_others import CHECKSUMS, checksums, wanted


def test_every_file_has_a_checksum() -> None:
    assert list(checksums()) == [here for _, _, here in wanted()], (
        "others.sha256: a line of sha256sum for each, in order"
    )
    assert all(len(each) == 64 for each in checksums().values())
    assert CHECKSUMS.read_text(encoding="utf-8").endswith("\n")
