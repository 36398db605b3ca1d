"""What is fitted, on training rows only: preprocessing, samplers, models, folds."""
