"""Turn run folders into tables, figures and a report. Nothing here trains.

Read in the order in which the data flows:

1. `collect.py`             a study folder -> one row per planned run, loss curves, augmented training images;
                            `app_curves.py`: the curves of other Hydra apps
   `sources/`               tables, data frames and multirun folders of other programs -> the same
   `excluded_seeds.py`, `left_out.py`   seeds left out on request; runs with a result that no comparison may use
2. `stats/`                 statistics on arrays and frames: paired differences, multiple comparisons, factorial, power
3. `variant_results.py`     runs -> the results of each variant by seed, next to the baseline's
   `comparison.py`, `chance.py`, `divergence.py`, `verdict.py`   corrected p-values, runs that learned nothing and rates
                            of divergence -> verdict of a variant
   `effects.py`             runs -> the effect of each variant against the baseline, and its verdict
   `all_pairs.py`, `blocks.py`, `factor_effects.py`, `ablation_path.py`   effects between all variants, within data
                            sets (`pooled_blocks.py`: means over them), of several factors together, and step by step
   `stages/`, `search.py`, `tuned.py`   planned looks, trials of a search, the tuning of each variant
   `image_correctness.py`   which validation images each run classified correctly
   `config_differences.py`  which configuration keys differ between a variant and the baseline
   `on_test_set/`           how often the test set was used, the results on it and on others, and what `ablate test`
                            prints and draws
4. `analyze.py`             all of the above for one study, computed once -> `results.py`
5. `tables/`, `figures/`    results -> tables of formatted text, matplotlib figures; `formats.py` and `metric_format.py`
                            format the numbers, `latex_table.py` a table; `interval_limits.py`: the ends of an axis
6. `author/`                `report.md`: the author's text and the labels, order, figures and style of the report
   `report/`                text: `methods.py`, `images.py`, `verdict_sentences.py`, `notes.py`, `limits.py`;
                            `pdf.py` (two pages; `pdf_source.py`: its Typst source), `html.py` (one interactive
                            page), `macros.py` (LaTeX); `write.py` writes them to `<study>/report/`
                            (`ablate report STUDY`)

One part serves another command: `study_power.py` computes the power that `ablate plan` prints.
"""
