"""What is fitted, on training rows only: preprocessing, samplers, models, folds."""

# skops looks for each of scipy's functions in all modules that are loaded, in the order in which they were. With scipy
# ahead of scikit-learn, a stage that reads or writes a model starts half a second sooner.
import scipy.special  # noqa: F401
