"""Describe the machine: what a record says of it, and what of it can be measured."""
