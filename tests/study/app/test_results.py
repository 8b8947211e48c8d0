"""What an app's main function may return, and the sentences on what it may not."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from ablate.runs.metric import named
from ablate.study.app import results
from ablate.terminal.errors import RunFailed

ACC = named("acc")


@pytest.mark.parametrize(
    "value",
    [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), torch.tensor(0.5, requires_grad=True), Fraction(1, 2)],
)
def test_one_number_is_the_metric(tmp_path, value):
    expected = {} if isinstance(value, Fraction) else {"acc": 0.5}
    assert results.returned(value, ACC) == expected
    assert results.returned({"acc": value, "text": "a", "list": [1], "none": None, "flag": True}, ACC) == expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [(torch.tensor([0.5, 0.6]), "Tensor"), (np.array([0.5]), "ndarray"), ((0.5, {"acc": 0.5}), "tuple"), ("0.5", "str"),
     ([0.5], "list"), (True, "bool"), (object(), "object"), (Fraction(1, 2), "Fraction")],
)  # fmt: skip
def test_anything_else_is_refused_with_its_type(tmp_path, value, kind):
    with pytest.raises(RunFailed, match=rf"returned no number \(it returned {kind}\)\. Return a number or a dict"):
        results.of_run(value, tmp_path, ACC)


def test_no_number_at_all_is_refused_with_what_to_return(tmp_path):
    with pytest.raises(RunFailed, match=r"main returned no number\. .* write metrics\.json into the run folder"):
        results.of_run(None, tmp_path, ACC)


def test_a_dict_without_the_metric_is_refused_with_the_names_it_has(tmp_path):
    with pytest.raises(RunFailed, match=r"The run has no acc; it has accuracy, loss\. .* hydra\.sweeper\.metric=NAME"):
        results.of_run({"accuracy": 0.5, "loss": 1.0}, tmp_path, ACC)


def test_a_share_in_percent_is_refused_unless_the_metric_is_stated_in_percent(tmp_path):
    with pytest.raises(RunFailed, match=r"val_accuracy is 91\.3, but must be a fraction .* unit: \"%\", scale: 1}'\."):
        results.of_run({"val_accuracy": 91.3}, tmp_path, named("val_accuracy"))
    for metric in (named("val_accuracy", unit="%", scale=1), named("acc"), named("val_loss")):
        assert results.of_run({metric.name: 91.3, "val_accuracy": 91.3}, tmp_path, metric)[metric.name] == 91.3
    assert not named("val_accuracy", unit="%", scale=1).is_share


def test_the_files_of_a_run_count_where_main_returns_none(tmp_path):
    (tmp_path / "logs/version_0").mkdir(parents=True)
    (tmp_path / "logs/version_0/metrics.csv").write_text("epoch,acc\n0,0.4\n1,0.5\n2,\n")
    assert results.of_run(None, tmp_path, ACC) == {"epoch": 2, "acc": 0.5}
    assert results.of_run(None, tmp_path, named("acc", "min"), best=True) == {"epoch": 0, "acc": 0.4}
    (tmp_path / "metrics.json").write_text('{"acc": 0.7, "nested": {"loss": 1}, "text": "a"}')
    assert results.of_run(None, tmp_path, ACC) == {"acc": 0.7, "nested.loss": 1.0}
    assert math.isnan(results.of_run(math.nan, tmp_path, ACC)["acc"])
