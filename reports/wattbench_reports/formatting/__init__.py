"""How numbers, text and terminal tables are written."""
