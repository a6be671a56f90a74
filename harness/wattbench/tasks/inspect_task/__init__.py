"""Make an lm-eval task of a task of inspect_ai: its samples are read, and one of them is run, in processes of their own."""
