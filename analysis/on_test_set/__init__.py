"""Results on test sets, read from run folders, and what `ablate test` prints and draws.

`metric.py`              the metric of a study on test images
`usage.py`               how often the test set of a study was used
`other_tests.py`         results on other test sets than the runs' own
`run_results.py`         the result of a run, printed and drawn
`comparison.py`          the best variant of a study against its baseline, printed
`other_test_results.py`  results on another test set, printed
"""
