"""From run folders to the report. Frame in, value out: only `report.py` and `tested.py` write, and nothing here trains.

Read in the order in which the data flows:

1. `collect.py`    a study's folder -> one row a planned run, the loss curves, samples of images
2. `stats/`        columns of numbers -> a difference, its interval and p; factors together; what could be detected
3. `effects.py`    runs -> the effect of each variant and its verdict
   `predictions.py`  which validation images each run got right; `changes.py`: what a variant configures differently
   `usage.py`     how often the test set was used
4. `results.py`    all of that of one study, computed once
5. `tables/`, `figures/`, `sentences.py`  results -> tables of text, matplotlib figures, what they say in words;
   `formats.py`: numbers and tables as text
6. `paper.py`      report.typ and report.pdf: two pages; `page.py`, `templates/`: report.html; `numbers.py`: numbers.tex
7. `report.py`     all of it, written to `<study>/report/` (`ablate report STUDY`, `python -m analysis STUDY`)

`tested.py` is what `ablate test` shows: a tested run in text and figures, a study's choice beside its baseline.
`planning.py` is what `ablate plan --power` says: what a study could find, and what more seeds would decide.
"""
