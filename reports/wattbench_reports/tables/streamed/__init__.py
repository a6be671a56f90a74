"""Runs of more answers than are held in memory: read from the file, a system and a column at a time.

What is kept of each answer is which item it is of, in four bytes, shared by systems that answered the same items in the
same order. Items are pooled (`streamed_frames`), so that a table of items has a bounded number of rows; and what
compares single items takes a random sample of them.
"""

from wattbench_reports.tables.streamed.load import MOST_IN_MEMORY, load_streamed, sampled_frames
from wattbench_reports.tables.streamed.streamed_frames import StreamedFrames

__all__ = ["MOST_IN_MEMORY", "StreamedFrames", "load_streamed", "sampled_frames"]
