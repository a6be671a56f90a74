"""Draw items or labels again, and compute the figures anew."""
