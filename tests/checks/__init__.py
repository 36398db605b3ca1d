"""Checks, on tables whose truth is known, that the statistics keep what they promise."""

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads
