"""The first lines of a program that has imported `time`, to measure tasks with codecarbon's own tracker."""

TRACKER = """
import os
os.environ["CODECARBON_LOG_LEVEL"] = "critical"
from codecarbon import OfflineEmissionsTracker

tracker = OfflineEmissionsTracker(
    country_iso_code="DEU", output_methods=[], allow_multiple_runs=True, pue=1.0, log_level="critical"
)
tracker.start_task()  # the first looks at the machine, for seconds
time.sleep(0.2)
tracker.stop_task()
"""
