"""Read what other tools record of agents: attempts at tasks, with the model calls that each of them made."""
