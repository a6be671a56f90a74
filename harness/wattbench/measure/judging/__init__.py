"""Ask judges about the recorded answers of a run, and record their verdicts and what that takes."""
