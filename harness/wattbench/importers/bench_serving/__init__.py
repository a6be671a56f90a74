"""Read what ``vllm bench serve`` and SGLang's ``bench_serving`` write: two formats of one origin."""

from wattbench.importers.bench_serving.sglang import looks_like as looks_like_sglang
from wattbench.importers.bench_serving.sglang import read as read_sglang
from wattbench.importers.bench_serving.vllm import looks_like as looks_like_vllm
from wattbench.importers.bench_serving.vllm import read as read_vllm

__all__ = ["looks_like_sglang", "looks_like_vllm", "read_sglang", "read_vllm"]
