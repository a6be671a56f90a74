"""The joules of a GPU of known waveform, by each tool through the real NVML binding.

The driver is `tests/fakes/nvml.c`: a square wave of 100 and 500 W, with a counter that advances every 100 ms. So the
true joules between any two moments are known. Each tool runs in a process of its own.
"""
