"""A function that cannot start."""

raise RuntimeError("this function is broken on purpose")
