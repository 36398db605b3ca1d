"""Numbers about predictions: metrics, calibration, statistics, thresholds."""
