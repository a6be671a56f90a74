"""Read results of LLenergyMeasure."""
