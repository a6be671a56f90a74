"""Every sentence that several formats share."""
