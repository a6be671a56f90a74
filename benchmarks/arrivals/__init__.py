"""What `benchmarks/bench_arrivals.py` sends its requests to."""
