"""What concerns services alone, which send a bill and which no meter reads: money while it is spent, and estimates."""
