"""MLflow: the store, what a run publishes, the scoring model."""
