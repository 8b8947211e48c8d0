"""From run folders to the report. Frame in, value out: only `report.py` writes, and nothing here trains.

Read in the order in which the data flows:

1. `collect.py`  a study's folder -> one row a planned run, and the loss curves
2. `stats/`      columns of numbers -> a difference, its interval and p; factors together; what could be detected
   `predictions.py`  which validation images each run got right
3. `effects.py`  runs -> the effect of each variant and its verdict; `power.py`: what more seeds would decide
   `tables.py`   the text of the tables
4. `figures.py`  runs, curves, effects -> matplotlib figures
   `paper.py`    report.typ and report.pdf: two pages
5. `report.py`   all of it, written to `<study>/report/` (`ablate report STUDY`, `python -m analysis STUDY`)
"""
