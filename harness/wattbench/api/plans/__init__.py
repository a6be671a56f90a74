"""Describe a run before it starts: its cells and prompts, what its items can show, time and joules."""
