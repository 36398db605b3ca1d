"""Many runs: planning, running, resuming, summarizing."""
