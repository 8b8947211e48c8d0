"""Studies of any Hydra app: `python train.py -m hydra/sweeper=ablate model=resnet,cnn seed=0,1,2`.

1. `settings.py`  the keys under `hydra.sweeper`
2. `plan_of_command.py`  overrides -> the plan of a study, with the app's own configuration of each run
3. `task.py`      the app's main function, wrapped: it leaves a `run.json` whatever happens
4. `results.py`   what the function returned, `metrics.json`, Lightning's `metrics.csv` -> metrics
5. `code.py`      which code and packages a result depends on
6. `log.py`       optional helpers for the app's author: `ablate.log`, `ablate.seed_everything`
7. `flags.py`     flags of the app's command line that contradict a study
8. `messages.py`  errors of the app and of its configuration, in sentences
9. `sweeper.py`   all of these around the sweeper of `ablate train` (`ablate.study.sweeper`)
"""
