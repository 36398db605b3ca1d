"""The figures of a comparison, one kind a module."""
