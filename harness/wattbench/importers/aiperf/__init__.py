"""Read AIPerf's artifacts."""
