"""Kill real commands at chosen and at random moments, resume them, and look for what was lost, doubled or left over."""
