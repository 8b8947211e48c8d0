"""Results on test sets, read from run folders.

`metric.py`       the metric of a study on test images
`usage.py`        how often the test set of a study was used
`other_tests.py`  results on other test sets than the runs' own
"""
