"""Share the blocks of a suite out among device slots and machines: which are left, who asks them, one run of all."""
