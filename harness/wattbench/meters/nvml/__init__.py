"""Read NVIDIA's GPUs through NVML."""
