"""The targets, a file per family of loaders and parsers."""
