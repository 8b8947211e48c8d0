"""Studies, in the order in which data flows:

`design.py`     designs: which combinations of levels a study runs; `aliases.py`: effects that a fraction confounds
`fractions.py`  the economical designs
`factors.py`, `level.py`  overrides -> the factors with their levels, the seeds, and what all runs share
`plan.py`, `variant_name.py`  factors and seeds -> variants, runs and their folders
`plan_of_command.py`  the overrides of a command -> the plan of its study
`checked_runs.py`, `composer.py`  the configuration of each run, validated and hashed before training
`networks.py`, `user_parts.py`, `class_weights.py`, `path_length.py`  further checks before training
`overrides.py`  the overrides of a study file and of the command line
`extend.py`, `same_run.py`, `comparable.py`  a command for an existing study; which runs may be compared
`study_command.py`, `phases.py`  a study of the command line: what Hydra's sweepers do with it, phase by phase
`prepare.py`    the folder of a study, before its runs are launched
`sweeper.py`, `leftovers.py`, `resuming.py`  run the runs without a result; what earlier starts left in their folders
`stages.py`     stage by stage: decided variants get no more seeds
`failures.py`   the table of runs without a result; `explain.py`: the wording of commands in messages
`launcher/`     where runs are executed: on this machine, or on a cluster; `submitted.py`, `slurm_queue.py`: its queue
`status.py`, `status_table.py`  the status of each planned run
`live_view.py`, `terminal_view.py`, `watch.py`, `launch_progress.py`  the live view of a study
`time_estimate.py`, `probe.py`  how long the remaining runs take
`tune.py`, `search_space.py`, `trials.py`  hyperparameter search with Optuna
`retune.py`, `tuned_runs.py`  each variant tuned with the same budget; `path.py`: an ablation path
`app/`          studies of any other Hydra app, with the same plan, sweeper and records
`selection.py`  the runs that are evaluated on the test set
"""
