"""Results that other programs wrote, and several studies, as the plan and the frame that reports are made of.

`table`     CSV, Parquet or JSON lines, or a data frame: one row per run
`multirun`  the output folder of any Hydra app's multirun
`joined`    several studies in one plan
`frame`     what both share: rows -> factors, baseline, variants, holes
"""
