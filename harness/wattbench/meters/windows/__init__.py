"""Windows: how their joules are counted, and whether these can be believed."""
