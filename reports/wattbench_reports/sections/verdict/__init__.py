"""The section with the verdict in words."""
