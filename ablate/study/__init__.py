"""Studies, in the order in which data flows:

`design.py`   which combinations of levels a study runs
`plan.py`     overrides -> factors, variants, runs and where each is kept
`compose.py`  each run's configuration, checked and hashed before the first one trains
`extend.py`   the same command, one with more levels or seeds, or another one; `recorded.py`: another run in a folder
`comparable.py` which of its runs may be compared
`sweeper.py`  runs what is not done
`launcher/`   where runs run: here, side by side, or on a cluster
`progress.py` what is shown while they do; `status.py`: how far a study is, at any time
`probe.py`    how long a run takes, guessed from a few steps
`tune.py`     a search, which proposes its variants as it goes; `pruning.py`: what a run tells it
"""
