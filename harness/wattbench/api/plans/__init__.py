"""What can be known of a run before it: its cells and prompts, what its items can show, time and joules."""
