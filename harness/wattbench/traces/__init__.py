"""Read traces of real arrivals: when requests came, their lengths, and which followed which.

One format per file; which one it is, is seen in the content. Each row of a file is either an arrival, or is counted as
something that is no request, or is refused with its line: none is lost. May import: errors, clock, redaction.
"""

from wattbench.traces.model import ArrivalTrace, TraceArrival
from wattbench.traces.reading import read_trace

__all__ = ["ArrivalTrace", "TraceArrival", "read_trace"]
