"""What the numbers mean: comparison, costs, verdict, caveats."""
