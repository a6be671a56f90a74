"""The blocks of a suite and of a run's header as models: what a suite file may say, and what reports read back."""
