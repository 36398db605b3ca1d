"""Checks the statistics on tables with a known truth."""

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads
