"""A random sample of the items of a streamed run, with the answers of every system to them, in memory."""

from __future__ import annotations

import numpy as np

from wattbench_reports.tables.run_tables import Frames, frames_of
from wattbench_reports.tables.streamed.streamed_frames import StreamedFrames


def sampled_frames(frames: StreamedFrames) -> Frames:
    """Read the answers of a sample of items, of every task and block in proportion.

    Raises:
        UserError: the table is damaged.
    """
    kept = np.zeros(frames.number, dtype=np.bool_)
    for items, rows in zip(frames.item_of, frames.answers_by_system, strict=True):
        kept[rows] = frames.items_in.sampled[items]
    return frames_of(frames.run, kept)
