"""What a gate rests on, from each source that it can be read from."""
