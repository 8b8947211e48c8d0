"""The metric of a study: what follows from its name, how it is printed, and older plans."""

import json
import math

import msgspec
import numpy as np
import pytest

from ablate.evaluation.predicted_metrics import METRICS
from ablate.runs import study_plan
from ablate.runs.metric import ACCURACY, Metric, named
from ablate.terminal.errors import InputError
from tests.runs.test_study_plan import RUN


@pytest.mark.parametrize(
    ("name", "direction", "unit", "scale"),
    [
        ("val_accuracy", "max", "%", 100),
        ("val_macro_f1", "max", "%", 100),
        ("val_worst_class_accuracy", "max", "%", 100),
        ("val_auroc", "max", "%", 100),
        ("val_ece", "min", "%", 100),
        ("val_loss", "min", "", 1),
        ("acc", "max", "", 1),
        ("val/loss", "min", "", 1),
        ("test.rmse", "min", "", 1),
        ("Top1_Error", "min", "", 1),
        ("lossless", "max", "", 1),
        ("error_rate", "min", "", 1),
        ("val_loss_epoch", "min", "", 1),
        ("loss/val", "min", "", 1),
        ("test_mse_mean", "min", "", 1),
        ("brier_score", "min", "", 1),
        ("TestError", "min", "", 1),
        ("MSELoss", "min", "", 1),
        ("cross_entropy_mean", "min", "", 1),
        ("bits_per_dim", "min", "", 1),
        ("error_free_rate", "max", "", 1),
        ("loss_reduction", "max", "", 1),
        ("neg_mean_squared_error", "max", "", 1),
        ("images_per_seconds", "max", "", 1),
    ],
)
def test_direction_and_unit_follow_from_the_name(name, direction, unit, scale):
    metric = named(name)
    assert (metric.direction, metric.unit, metric.scale) == (direction, unit, scale)
    assert named(name, "min").direction == "min" and named(name, unit="s", scale=10).scale == 10


MINIMIZED = """
    mean_per_class_error per_class_error detection_loss reward_loss precision_error F1Loss auc_loss val/acc_err
    errors_per_image ms_per_image seconds_per_epoch val_per MulticlassCalibrationError MeanAbsolutePercentageError
    MeanSquaredLogError HammingDistance KLDivergence FrechetInceptionDistance WordErrorRate WordInfoLost EditDistance
    TweedieDevianceScore top1_err eval_loss eval_runtime step_time wer ter brier_score log_perplexity valid/loss1
    time_to_train time_to_accuracy seconds_to_target_accuracy loss_at_best_accuracy number_of_errors p99_latency_ms
    out_of_distribution_error end_to_end_latency fpr95 false_negative_rate false_positive_rate accuracy_drop forgetting
    neg_log_likelihood NegativeLogLikelihood negative_log_likelihood_loss inverse_accuracy accuracy_loss
    """
MAXIMIZED = """
    mean_per_class_accuracy accuracy_per_class reward_per_second tokens_per_second train_samples_per_second
    MulticlassAccuracy BinaryAUROC MeanAveragePrecision JaccardIndex CohenKappa R2Score PeakSignalNoiseRatio
    PrecisionAtFixedRecall InceptionScore WordInfoPreserved acc1 eval_top5 map_50 rouge1 rougeL bleu exact_match
    spearmanr bertscore_f1 f1 mean_iou episode_reward_mean success_rate attack_success_rate error_detection_rate
    errors_corrected time_saved runtime_speedup reduction_of_loss gain_in_accuracy_over_time accuracy_at_lowest_loss
    log_likelihood neg_log_loss neg_root_mean_squared_error minus_loss true_negative_rate negative_predictive_value
    f1_negative brier_skill_score accuracy_in_distribution
    """


@pytest.mark.parametrize("name", MINIMIZED.split())
def test_lower_values_of_common_metrics_are_better(name):
    assert named(name).direction == "min"


@pytest.mark.parametrize("name", MAXIMIZED.split())
def test_higher_values_of_common_metrics_are_better(name):
    assert named(name).direction == "max"


def test_values_are_printed_with_their_unit():
    assert named("val_accuracy").text(0.7124) == "71.2 %"
    assert named("val_loss").text(0.34149) == "0.3415" and named("t", unit="ms").text(12.0) == "12 ms"
    assert named("val_accuracy").difference_unit == "points" and named("t", unit="ms").difference_unit == "ms"


def test_a_guess_among_ten_classes():
    assert named("val_accuracy").at_chance(10) == 0.1 and named("val_top5_accuracy").at_chance(10) == 0.5
    assert named("val_loss").at_chance(10) == pytest.approx(math.log(10)) and named("val_auroc").at_chance(10) == 0.5
    assert named("val_ece").at_chance(10) is None and named("val_accuracy").at_chance(None) is None
    assert named("acc", chance=0.25).at_chance(10) == 0.25


@pytest.mark.parametrize(
    "values",
    [
        {"scale": 0},
        {"scale": math.inf},
        {"scale": 1e300},
        {"scale": math.nan},
        {"margin": 0},
        {"margin": math.inf},
        {"margin": -1},
        {"name": ""},
        {"unit": "\x1b[2J"},
        {"chance": math.nan},
        {"chance": math.inf},
    ],
)
def test_values_that_make_no_metric_are_refused(values):
    with pytest.raises(ValueError, match=r"scale|margin|printable|chance"):
        Metric(**{"name": "acc", **values})


def test_an_older_plan_has_its_margin_next_to_the_metric(tmp_path):
    plan = {"schema": 1, "name": "s", "baseline": {"model": "a"}, "factors": {"model": ["a"]}, "seeds": [0]}
    plan |= {"command": "ablate train -m", "runs": [RUN], "margin": 2.5}
    (tmp_path / "study.json").write_text(json.dumps(plan))
    read = study_plan.read(tmp_path)
    assert read.margin == 2.5 and read.metric == msgspec.structs.replace(ACCURACY, margin=2.5)
    study_plan.write(tmp_path, read)
    assert study_plan.read(tmp_path) == read and "margin" not in json.loads((tmp_path / "study.json").read_text())


def test_a_damaged_metric_is_named(tmp_path):
    plan = {"schema": 1, "name": "s", "baseline": {"model": "a"}, "factors": {"model": ["a"]}, "seeds": [0]}
    plan |= {"command": "ablate train -m", "runs": [RUN], "metric": {"name": "acc", "direction": "up"}}
    (tmp_path / "study.json").write_text(json.dumps(plan))
    with pytest.raises(InputError, match="direction"):
        study_plan.read(tmp_path)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize(
    "name",
    ["val_accuracy", "val_balanced_accuracy", "val_macro_f1", "val_worst_class_accuracy", "val_auroc", "val_nll"],
)
def test_chance_is_the_value_of_a_dummy_classifier(name, classes):
    """scikit-learn's, on balanced classes: the most frequent class, and for the likelihood the prior."""
    from sklearn.dummy import DummyClassifier
    from sklearn.metrics import accuracy_score

    labels = np.arange(20 * classes) % classes
    strategy = "prior" if name in ("val_nll", "val_auroc") else "most_frequent"
    dummy = DummyClassifier(strategy=strategy).fit(labels[:, None], labels)
    with np.errstate(divide="ignore"):
        logits = np.log(dummy.predict_proba(labels[:, None]))
    value = METRICS[name](labels, logits) if name in METRICS else accuracy_score(labels, logits.argmax(1))
    assert named(name).at_chance(classes) == pytest.approx(value)
