"""Studies, in the order in which data flows:

`design.py`   which combinations of levels a study runs
`plan.py`     overrides -> factors, variants, runs and where each is kept
`compose.py`  each run's configuration, checked and hashed before the first one trains
`sweeper.py`  runs what is not done
`status.py`   how far it is
"""
