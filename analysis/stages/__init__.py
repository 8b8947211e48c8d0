"""Studies with stages: `study.stages=[3,5,8]`.

`looks.py`      the planned looks, and the runs that they cover
`decisions.py`  which variants a look decides, for the sweeper
`paths.py`      each variant after each of its looks
`power.py`      what each look can decide, and how many runs to expect
"""
