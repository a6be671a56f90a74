"""Count the money that services cost during a run, and estimate their joules, which no meter reads."""
