"""The average of weights and buffers against one computed by hand."""

import pytest
import torch
from torch import nn

from ablate.training.averaging import averaged


def batch_norm(scale: float, mean: float, seen: int) -> nn.BatchNorm1d:
    """A layer with these weights and running means, after `seen` batches."""
    layer = nn.BatchNorm1d(2)
    with torch.no_grad():
        layer.weight.fill_(scale)
        layer.running_mean.fill_(mean)
        layer.num_batches_tracked.fill_(seen)
    return layer


def test_the_first_step_is_copied_and_later_ones_count_by_the_decay():
    """Weights 1, 3, 5 and running means 10, 20, 40 with a decay of 0.75: 1, 1.5, 2.375 and 10, 12.5, 19.375."""
    average = averaged(batch_norm(0.0, 0.0, 0), 0.75)
    for step, (scale, mean) in enumerate(((1.0, 10.0), (3.0, 20.0), (5.0, 40.0)), 1):
        average.update_parameters(batch_norm(scale, mean, step))
    assert average.module.weight.tolist() == pytest.approx([2.375] * 2)
    assert average.module.running_mean.tolist() == pytest.approx([19.375] * 2)
    assert average.state_dict()["steps"] == 3


def test_a_loaded_average_continues_where_the_saved_one_was():
    saved, loaded = averaged(batch_norm(0.0, 0.0, 0), 0.75), averaged(batch_norm(7.0, 7.0, 7), 0.75)
    saved.update_parameters(batch_norm(1.0, 10.0, 1))
    loaded.load_state_dict(saved.state_dict())
    loaded.update_parameters(batch_norm(3.0, 20.0, 2))  # the second step: averaged, not copied
    assert loaded.module.weight.tolist() == pytest.approx([1.5] * 2)
    assert loaded.module.running_mean.tolist() == pytest.approx([12.5] * 2)


def test_without_a_decay_the_model_itself_is_evaluated():
    model = batch_norm(1.0, 10.0, 1)
    average = averaged(model, None)
    average.update_parameters(batch_norm(3.0, 20.0, 2))
    assert average.module is model and model.weight.tolist() == [1.0, 1.0] and average.state_dict() == {}
