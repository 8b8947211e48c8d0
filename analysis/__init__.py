"""Turn run folders into tables, figures and a report. Nothing here trains.

Read in the order in which the data flows:

1. `collect.py`             a study folder -> one row per planned run, loss curves, augmented training images
   `sources/`               tables, data frames and multirun folders of other programs -> the same
2. `stats/`                 statistics on arrays and frames: paired differences, multiple comparisons, factorial, power
3. `variant_results.py`     runs -> the results of each variant by seed, next to the baseline's
   `effects.py`             runs -> the effect of each variant against the baseline, and its verdict
   `image_correctness.py`   which validation images each run classified correctly
   `config_differences.py`  which configuration keys differ between a variant and the baseline
   `on_test_set/`           how often the test set was used, the results on it and on others, and what `ablate test`
                            prints and draws
4. `analyze.py`             all of the above for one study, computed once -> `results.py`
5. `tables/`, `figures/`    results -> tables of formatted text, matplotlib figures; `formats.py` formats the numbers
6. `report/`                text: `methods.py`, `images.py`, `verdict_sentences.py`, `notes.py`, `limits.py`;
                            `pdf.py` (two pages), `html.py` (one interactive page), `macros.py` (LaTeX);
                            `write.py` writes them to `<study>/report/` (`ablate report STUDY`)

One part serves another command: `study_power.py` computes the power that `ablate plan` prints.
"""
