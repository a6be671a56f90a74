"""The documents of the test tasks."""

import datasets


def load(**_: object) -> dict[str, datasets.Dataset]:
    """Return forty test documents and eight for worked examples."""
    rows = [{"a": i % 10, "b": i // 10 * 3} for i in range(48)]
    return {"test": _dataset(rows[:40], "test"), "train": _dataset(rows[40:], "train")}


def _dataset(rows: list[dict[str, int]], name: str) -> datasets.Dataset:
    """Return rows as a dataset."""
    return datasets.Dataset(datasets.table.InMemoryTable.from_pylist(rows), fingerprint=f"sums-{name}")


def nothing(**_: object) -> dict[str, datasets.Dataset]:
    """Return no documents."""
    return {"test": datasets.Dataset.from_dict({"a": []})}
