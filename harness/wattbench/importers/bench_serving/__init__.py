"""Read what ``vllm bench serve`` and SGLang's ``bench_serving`` write: two formats of one origin."""

from wattbench.importers.bench_serving.sglang import SGLANG
from wattbench.importers.bench_serving.vllm import VLLM

__all__ = ["SGLANG", "VLLM"]
