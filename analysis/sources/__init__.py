"""Results of other programs, and several studies, converted to the plan and the frame from which a report is written.

`table`       CSV, Parquet or JSON lines, or a data frame: one row per run
`multirun`    the output folder of any Hydra app's multirun
`columns`     which columns are the metric, the seed and the status
`factors`     which columns are factors, where the user names none
`cells`       what is missing, numbers, and levels as text
`trackers`    what W&B, MLflow and Optuna write next to them
`joined`      several studies in one plan
`any_source`  what `ablate report` is called with, of any of these kinds -> results
`frame`       what both share: rows -> baseline, variants, holes
"""
