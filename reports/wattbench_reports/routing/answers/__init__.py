"""The answers of the candidate systems item by item, and what a choice among them gives."""
