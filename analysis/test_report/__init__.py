"""What `ablate test` prints and draws.

`run_results.py`         the result of a run
`comparison.py`          the best variant of a study against its baseline
`other_test_results.py`  results on another test set
"""
