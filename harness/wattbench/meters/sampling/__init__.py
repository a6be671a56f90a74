"""The thread that samples meters, and the trace that it writes."""
