"""What `benchmarks/bench_gateway.py` compares the gateway with."""
