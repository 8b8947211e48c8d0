"""Other test sets in the report: paired differences against SciPy, means over conditions, results that do not fit."""

import logging

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from ablate.analysis import collect, figures, tables
from ablate.analysis.analyze import analyze
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.report.terminal import fitting
from ablate.analysis.report.write import report
from ablate.runs import activation_maps, other_test, study_plan, test_log
from ablate.runs.metric import named
from tests.runs.test_activation_maps import IMAGES, MAPS, record
from tests.runs.test_other_test import CONDITION, result

VARIANTS = ("baseline", "model=b", "model=c")
SEEDS = (0, 1, 2, 3)
RNG = np.random.default_rng(0)
ACCURACY = {  # {variant: {seed: {(condition, severity): accuracy}}}
    variant: {
        seed: {(name, severity): float(RNG.uniform(0.3 - place / 10, 0.6 - place / 10))
               for name in ("fog", "snow") for severity in (1, 2)} | {("clean", None): 0.9 - place / 20}
        for seed in SEEDS
    }
    for place, variant in enumerate(VARIANTS)
}  # fmt: skip


def write_result(study, variant, seed, accuracies, name="weather", sha256="0", **values):
    """Write a result, with a calibration error of a tenth of the accuracy."""
    conditions = [
        {**CONDITION, "name": one, "severity": severity, "accuracy": value, "calibration_error": value / 10}
        for (one, severity), value in accuracies.items()
    ]
    settings = {"variant": variant, "seed": seed, "config_sha256": f"{variant} {seed}", "test_sha256": sha256}
    other_test.write(study / variant / f"seed={seed}", result(name=name, conditions=conditions, **settings | values))


@pytest.fixture
def study(make_study):
    """A study of three variants and four seeds, tested under two conditions of two severities."""
    made = make_study({variant: dict.fromkeys(SEEDS, 0.5) for variant in VARIANTS}, {"model": ["a", "b", "c"]})
    for variant, seeds in ACCURACY.items():
        for seed, accuracies in seeds.items():
            write_result(made, variant, seed, accuracies)
    return made


def read(study) -> pd.DataFrame:
    return other_tests.read(study, study_plan.read(study), collect.collect(study))


def printed(value: float, sign: str = "") -> str:
    return f"{value:{sign}.2f}".replace("-", "−")


def by_hand(values: dict[str, np.ndarray]) -> tuple[list[str], list[float]]:
    """The differences from the baseline as they are printed, and the p-values: SciPy's paired t."""
    texts, p = [], []
    for variant in VARIANTS[1:]:
        test = scipy_stats.ttest_rel(100 * values[variant], 100 * values["baseline"])
        low, high = test.confidence_interval()
        mean = np.mean(100 * (values[variant] - values["baseline"]))
        texts.append(f"{printed(mean, '+')} [{printed(low, '+')}, {printed(high, '+')}]")
        p.append(test.pvalue)
    return texts, p


def test_the_mean_over_conditions_is_paired_by_seed(study):
    """Conditions count alike, and clean images do not."""
    values = {
        variant: np.array([np.mean([a for (name, _), a in of.items() if name != "clean"]) for of in seeds.values()])
        for variant, seeds in ACCURACY.items()
    }
    table = tables.other_test_sets(read(study), {name: name for name in VARIANTS}, collect.collect(study))
    texts, p = by_hand(values)
    cells = table.cells
    assert cells["Difference (points) [95 % CI]"].tolist() == ["—", *texts]
    holm = multipletests(p, method="holm")[1]
    assert cells["p (Holm)"].tolist() == ["—", *(f"{one:.3f}" if one >= 0.001 else "< 0.001" for one in holm)]
    base = 100 * values["baseline"]
    assert cells["Accuracy (%), mean ± SD"][0] == f"{base.mean():.2f} ± {base.std(ddof=1):.2f}"
    assert cells["Calibration error (%), mean ± SD"][0] == f"{base.mean() / 10:.2f} ± {base.std(ddof=1) / 10:.2f}"
    tenth = {variant: one / 10 for variant, one in values.items()}
    assert cells["Its difference [95 % CI]"].tolist() == ["—", *by_hand(tenth)[0]]
    assert set(cells["n (seeds)"]) == {"4"} and "clean images are left out" in table.note


def test_each_condition_is_corrected_with_the_others_of_its_test_set(study):
    for variant in VARIANTS:  # another test set, between the conditions of which nothing may be mixed
        for seed in SEEDS:
            write_result(study, variant, seed, {("a", None): 0.1 + seed / 50, ("clean", None): 0.2 + seed / 40}, "zoo")
    cells = tables.conditions(read(study), {name: name for name in VARIANTS}).cells
    weather = cells[cells["Test set"] == "weather"]
    assert weather["Condition"].drop_duplicates().tolist() == ["clean", "fog", "snow"]
    texts, raw = [], []
    for name in ("fog", "snow"):
        values = {
            variant: np.array([np.mean([of[name, 1], of[name, 2]]) for of in seeds.values()])
            for variant, seeds in ACCURACY.items()
        }
        more, p = by_hand(values)
        texts += ["—", *more]
        raw += p
    assert weather["Difference (points) [95 % CI]"].tolist()[3:] == texts
    holm = [f"{one:.3f}" if one >= 0.001 else "< 0.001" for one in multipletests(raw, method="holm")[1]]
    assert [one for one in weather["p (Holm)"] if one != "—"] == holm  # clean: all differences are equal
    assert set(cells[cells["Test set"] == "zoo"]["p (Holm)"]) == {"—"}


def test_a_narrow_terminal_omits_calibration_but_no_variant(study):
    tests, labels = read(study), {name: name for name in VARIANTS}
    wide = tables.conditions(tests, labels).cells
    assert fitting(wide, 200).columns.tolist() == wide.columns.tolist()
    kept = ["Test set", "Condition", "Variant", "Accuracy (%), mean ± SD", "Difference (points) [95 % CI]"]
    assert fitting(wide, 80).columns.tolist() == kept


def test_without_conditions_there_is_one_table(study):
    for path in study.rglob("test-on/weather.json"):
        path.unlink()
    assert len(read(study)) == 0 and tables.other_test_sets(read(study), {}, collect.collect(study)) is None
    write_result(study, "baseline", 0, {("", None): 0.5}, "one")
    tests = read(study)
    table = tables.other_test_sets(tests, {"baseline": "baseline"}, collect.collect(study))
    assert tables.conditions(tests, {"baseline": "baseline"}) is None and "mean over conditions" not in table.note
    assert table.cells.loc[0, "Accuracy (%), mean ± SD"] == "50.00"
    assert table.note.endswith(" Not tested on one: baseline (seed 1), baseline (seed 2), baseline (seed 3).")


def test_the_metric_of_the_study_is_compared_on_other_test_sets(make_study):
    """Macro-F1 of b is 1, 2 and 3 points higher: 2 ± t(0.975, 2) / √3 = 2 ± 2.48."""
    values = {"baseline": [0.5, 0.6, 0.7], "model=b": [0.51, 0.62, 0.73]}
    made = make_study({name: dict.fromkeys(range(3), 0.5) for name in values}, {"model": ["a", "b"]})
    labels = {name: name for name in values}
    for name, of_seeds in values.items():
        for seed, value in enumerate(of_seeds):
            condition = {**CONDITION, "name": "", "severity": None, "metrics": {"val_macro_f1": value}}
            settings = {"variant": name, "seed": seed, "config_sha256": f"{name} {seed}", "test_sha256": "0"}
            other_test.write(made / name / f"seed={seed}", result(name="zoo", conditions=[condition], **settings))
    runs, f1 = collect.collect(made), named("val_macro_f1")
    plan = msgspec.structs.replace(study_plan.read(made), metric=f1)
    table = tables.other_test_sets(other_tests.read(made, plan, runs), labels, runs, f1)
    assert table.title == "Macro-F1 on other test sets" and "Holm) for the macro-F1 on a test set" in table.note
    assert table.cells["Macro-F1 (%), mean ± SD"].tolist() == ["60.00 ± 10.00", "62.00 ± 11.00"]
    assert table.cells["Difference (points) [95 % CI]"].tolist() == ["—", "+2.00 [−0.48, +4.48]"]
    in_accuracy = tables.other_test_sets(read(made), labels, runs, f1)  # as of tests without the metric
    assert in_accuracy.cells["Accuracy (%), mean ± SD"].tolist() == ["50.00 ± 0.00"] * 2


def test_results_that_do_not_fit_are_left_out(study, caplog):
    write_result(study, "model=b", 0, {("fog", 1): 0.0}, config_sha256="of an earlier run")
    write_result(study, "model=b", 1, {("fog", 1): 0.0}, sha256="of other images")
    (study / "model=b/seed=2/test-on/weather.json").write_text("{junk")
    with caplog.at_level(logging.WARNING):
        tests = read(study)
    assert set(tests.loc[tests["variant"] == "model=b", "seed"]) == {3}
    assert "weather.json cannot be read" in caplog.text


@pytest.mark.integration
def test_the_report_has_the_tables_and_the_maps(study):
    test_log.record_other_use(study / "baseline/seed=0", other_test.read(study / "baseline/seed=0", "weather"))
    activation_maps.write(study, record(), IMAGES, MAPS)
    assert report(study) == 0
    assert {f"tables/{name}.{kind}" for name in ("test_on", "conditions") for kind in ("csv", "md", "tex")} <= {
        path.relative_to(study / "report").as_posix() for path in study.rglob("report/tables/*")
    }
    rows = pd.read_csv(study / "report/test_on.csv")
    one = rows[(rows["variant"] == "model=c") & (rows["seed"] == 2) & (rows["condition"] == "snow")]
    assert one.set_index("severity")["accuracy"].to_dict() == {
        severity: ACCURACY["model=c"][2]["snow", severity] for severity in (1, 2)
    }
    html = (study / "report/report.html").read_text()
    assert "Accuracy on other test sets" in html and "Accuracy by corruption or condition" in html
    assert "The test set weather was used once, on 1 run." in html
    assert "Runs: baseline/seed=0, layer 5; model=b/seed=0, which has no layer with a spatial output." in html
    assert (study / "report/figures/activation_maps.png").exists()
    source = (study / "report/report.typ").read_text()
    assert "activation_maps" not in source and "Accuracy by corruption or condition: report.html." in source
    table = tables.other_test_sets(read(study), {name: name for name in VARIANTS}, collect.collect(study)).cells
    assert all(f'"{text}"' in source for text in table["Difference (points) [95 % CI]"])


def test_maps_of_runs_that_were_retrained_or_damaged_are_left_out(study):
    activation_maps.write(study, record(), IMAGES, MAPS)
    assert "activation_maps" in figures.every(analyze(study))
    activation_maps.write(study, record(config_sha256=["baseline 0", "another"]), IMAGES, MAPS)
    assert "activation_maps" not in figures.every(analyze(study))
    activation_maps.write(study, record(), IMAGES, MAPS[..., :2])
    assert "activation_maps" not in figures.every(analyze(study))
