"""Ask servers over HTTP, within bounds of time and bytes whatever they send."""
