"""Make an lm-eval task of a file of one's own: read its rows, ask them, score the answers, and write it for others."""
