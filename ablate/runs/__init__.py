"""What a run folder and a study folder hold: typed records, read and written here.

`statuses.py`       every status of a run, and the sets that the rest of the code asks for
`json_file.py`      a JSON file <-> a typed record; errors are one sentence
`run_record.py`     run.json; `record_parts.py`: its parts
`study_plan.py`     study.json; `metric.py`: its metric; `tuning.py`: its tuning, and tuning/chosen.json
`study_keys.py`     the command-line keys that set up a study
`looks.py`          looks.jsonl; `stages.py`: stages.json; `submitted_jobs.py`: jobs.json
`test_result.py`    test.json; `test_log.py`: tests.jsonl, every use of the test set
`misclassified.py`  test_mistakes.npz
`other_test.py`     test-on/NAME.json; `activation_maps.py`: activation_maps.json and .npz
`epochs.py`         metrics.csv
`checkpoints.py`    the names of the checkpoints of an unfinished run
`read_config.py`    .hydra/config.yaml; `config_hash.py`: its hash; `config_defaults.py`: keys that an older one lacks
`starting_record.py` what is known of a run before it trains; `provenance.py`: its code, packages and hardware
`rerun_command.py`  the command that retrains a run; `options.py`: copies of the user's option files
`without_effect.py` settings that another setting makes meaningless
`resolved_config.py` the recorded configuration with the values of the environment
`finished.py`       a finished run is never overwritten; `other_images.py`: a study that continues on other images
`predictions.py`    val_predictions.npz; `samples.py`: samples.npz
`differences.py`    what differs between two runs
`damage.py`         which files of a run are damaged, missing or from another run
`valid_names.py`     checks of names and paths in records
"""
