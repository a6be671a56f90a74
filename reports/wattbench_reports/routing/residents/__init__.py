"""Which systems to keep loaded, and what each draws while it waits."""
