"""Formats numbers, text and Markdown tables. Tables for a terminal are in `wattbench.terminal`."""
