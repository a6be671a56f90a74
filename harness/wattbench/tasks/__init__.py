"""Find lm-eval's tasks, turn them into requests, and score them."""
