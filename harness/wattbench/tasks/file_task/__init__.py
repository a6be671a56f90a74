"""Make an lm-eval task of a user's file: read its rows, score the answers, and export it."""
