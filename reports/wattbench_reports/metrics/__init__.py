"""What one system scores: accuracy, seconds, joules, grams."""
