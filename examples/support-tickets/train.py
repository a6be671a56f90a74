"""Train the classifier on the half of the tickets that is not asked: `wattbench dev tasks export` writes it."""

import json
import sys
from pathlib import Path

import skops.io
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

HERE = Path(__file__).parent


def main(exported: Path) -> None:
    """Read the training half, fit a pipeline from a message to a team, and save it without any pickle."""
    rows = [json.loads(line) for line in (exported / "tickets.train.jsonl").read_text("utf-8").splitlines()]
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    pipeline.fit([row["message"] for row in rows], [row["team"] for row in rows])
    skops.io.dump(pipeline, HERE / "teams.skops")
    print(f"trained on {len(rows)} messages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
