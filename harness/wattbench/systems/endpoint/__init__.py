"""Systems behind an OpenAI-compatible HTTP endpoint."""
