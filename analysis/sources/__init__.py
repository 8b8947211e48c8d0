"""Results of other programs, converted to the plan and the frame from which a report is written.

`table`     CSV, Parquet or JSON lines, or a data frame: one row per run
`multirun`  the output folder of any Hydra app's multirun
`columns`   which columns are the metric, the seed, the status and the factors
`frame`     what both share: rows -> baseline, variants, holes
"""
