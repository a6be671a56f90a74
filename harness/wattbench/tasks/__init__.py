"""lm-eval's tasks: found, turned into requests, and scored."""
