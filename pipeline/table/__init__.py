"""What a table is, where it comes from, and how it is split."""
