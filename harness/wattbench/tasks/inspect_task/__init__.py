"""Make an lm-eval task of a task of inspect_ai: its samples are read, and run, in processes of their own."""
