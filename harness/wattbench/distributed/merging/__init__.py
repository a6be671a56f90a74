"""Make one run of the shards of a suite, as if one machine had asked all of its blocks."""

from wattbench.distributed.merging.merge import merge_shards

__all__ = ["merge_shards"]
