"""Logs of the power of GPUs, written after the formats of nvidia-smi, dcgmi and dcgm-exporter."""

from __future__ import annotations

HEAD = "timestamp, index, uuid, power.draw [W], temperature.gpu, utilization.gpu [%]\n"
SMI = HEAD + "".join(
    f"2026/06/15 18:28:{second:02d}.{half}00, {gpu}, GPU-{gpu}, {100 + second + 10 * gpu}.50 W, 4{gpu}, 99 %\n"
    for second in range(3)
    for half in (0, 5)
    for gpu in (0, 1)
)
DMON = """#Entity   POWER       TOTEC          TMPTR
ID        W           mJ             C
GPU 0     100.500     1000000        40
GPU 1     50.000      7000000        41
GPU 0     101.500     1101000        40
GPU 1     N/A         N/A            N/A
CPU 0     30.0        1              1
#Entity   POWER       TOTEC          TMPTR
ID        W           mJ             C
GPU 0     99.500      1202000        40
GPU 1     52.000      7102000        41
GPU 0     99.
"""


def exporter_page(energy_mj: int, watts: float) -> str:
    labels = '{gpu="0",UUID="GPU-0",Hostname="node"}'
    return (
        "# HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).\n# TYPE DCGM_FI_DEV_POWER_USAGE gauge\n"
        f"DCGM_FI_DEV_POWER_USAGE{labels} {watts}\n"
        f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{labels} {energy_mj}\n"
    )
