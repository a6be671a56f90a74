"""Stand in for the package `amdsmi` in processes of Ray on a machine that has the package without ROCm's library."""

raise ImportError("libamd_smi.so of ROCm is missing")
