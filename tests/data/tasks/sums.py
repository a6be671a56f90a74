"""The documents of the test tasks."""

import datasets


def load(**_: object) -> dict[str, datasets.Dataset]:
    """Forty test documents and eight for worked examples."""
    rows = [{"a": i % 10, "b": i // 10 * 3} for i in range(48)]
    return {"test": datasets.Dataset.from_list(rows[:40]), "train": datasets.Dataset.from_list(rows[40:])}


def nothing(**_: object) -> dict[str, datasets.Dataset]:
    """No documents at all."""
    return {"test": datasets.Dataset.from_dict({"a": []})}
