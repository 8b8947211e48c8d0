"""The average of weights and buffers against one computed by hand."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ablate.training.weight_averaging import Average, averaged, renew_statistics
from tests.training.fitted import fit


def average_of(model: nn.Module, ema: float | None = None, swa_start: int | None = None) -> Average:
    return averaged(model, torch.optim.SGD(model.parameters(), 0.1), SimpleNamespace(ema=ema, swa_start=swa_start))


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
    average = average_of(batch_norm(0.0, 0.0, 0), 0.75)
    for step, (scale, mean) in enumerate(((1.0, 10.0), (3.0, 20.0), (5.0, 40.0)), 1):
        average.update_parameters(batch_norm(scale, mean, step))
    assert average.module.weight.tolist() == pytest.approx([2.375] * 2)
    assert average.module.running_mean.tolist() == pytest.approx([19.375] * 2)
    assert average.state_dict()["steps"] == 3


def test_a_loaded_average_continues_where_the_saved_one_was():
    saved, loaded = average_of(batch_norm(0.0, 0.0, 0), 0.75), average_of(batch_norm(7.0, 7.0, 7), 0.75)
    saved.update_parameters(batch_norm(1.0, 10.0, 1))
    loaded.load_state_dict(saved.state_dict())
    loaded.update_parameters(batch_norm(3.0, 20.0, 2))  # the second step: averaged, not copied
    assert loaded.module.weight.tolist() == pytest.approx([1.5] * 2)
    assert loaded.module.running_mean.tolist() == pytest.approx([12.5] * 2)


def test_without_a_decay_the_model_itself_is_evaluated():
    model = batch_norm(1.0, 10.0, 1)
    average = average_of(model)
    average.update_parameters(batch_norm(3.0, 20.0, 2))
    assert average.module is model and model.weight.tolist() == [1.0, 1.0] and average.state_dict() == {}


def finish(average: Average, *values: tuple[float, float, int], inputs: tuple[torch.Tensor, ...] = ()) -> None:
    """End one epoch for each of the layers that `batch_norm` makes of these values."""
    for each in values:
        average.update_parameters(batch_norm(*each))
        average.finish(batch_norm(*each), iter(inputs))


def test_an_average_over_epochs_starts_with_its_first_epoch():
    """Weights 1, 3, 5, 10 after four epochs, averaged from the second on: 1, 3, 4, 6."""
    average, seen = average_of(batch_norm(0.0, 0.0, 0), swa_start=2), []
    inputs = (torch.tensor([[1.0, 2.0], [3.0, 6.0]]), torch.tensor([[2.0, 2.0], [2.0, 2.0]]))
    for scale in (1.0, 3.0, 5.0, 10.0):
        finish(average, (scale, 9.0, 7), inputs=inputs)
        seen.append(average.module.weight.tolist())
    assert seen == [pytest.approx([scale] * 2) for scale in (1, 3, 4, 6)]
    # The statistics are those of the inputs: means 2, 2 and 4, 2; unbiased variances 2, 0 and 8, 0.
    assert average.module.running_mean.tolist() == pytest.approx([2.0, 3.0])
    assert average.module.running_var.tolist() == pytest.approx([1.0, 4.0])
    assert average.module.momentum == 0.1


def test_a_loaded_average_over_epochs_continues():
    saved, loaded = (average_of(batch_norm(0.0, 0.0, 0), swa_start=2) for _ in range(2))
    finish(saved, (1.0, 0.0, 1), (3.0, 0.0, 2), inputs=(torch.eye(2),))
    loaded.load_state_dict(saved.state_dict())
    finish(loaded, (5.0, 0.0, 3), inputs=(torch.eye(2),))
    assert loaded.module.weight.tolist() == pytest.approx([4.0] * 2)


def test_statistics_are_those_of_pytorch_and_those_of_frozen_layers_are_kept():
    def network() -> nn.Sequential:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2), nn.BatchNorm1d(2)).train()

    inputs = [torch.randn(8, 4, generator=torch.Generator().manual_seed(seed)) for seed in range(60)]
    model, reference, frozen = network(), network(), network()
    renew_statistics(model, iter(inputs))
    torch.optim.swa_utils.update_bn(inputs[:50], reference)
    torch.testing.assert_close(model.state_dict(), reference.state_dict(), rtol=0, atol=0)
    frozen[1].eval()
    renew_statistics(frozen, iter(inputs))
    assert frozen[1].running_mean.tolist() == [0.0] * 3 and not torch.equal(frozen[3].running_mean, torch.zeros(2))


def test_a_schedule_free_optimizer_is_switched_to_its_average_for_evaluation():
    from schedulefree import SGDScheduleFree

    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = SGDScheduleFree(model.parameters(), lr=0.5)
    average = averaged(model, optimizer, SimpleNamespace(ema=None, swa_start=None))
    inputs = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    average.start()
    for _ in range(3):
        optimizer.zero_grad()
        model(inputs).square().mean().backward()
        optimizer.step()
    trained = model[0].weight.detach().clone()
    average.finish(model, [inputs])
    z = optimizer.state[model[0].weight]["z"]
    torch.testing.assert_close(trained, 0.1 * z + 0.9 * model[0].weight)  # y = 0.1 z + 0.9 x
    torch.testing.assert_close(model[1].running_mean, model[0](inputs).mean(0))
    average.start()
    torch.testing.assert_close(model[0].weight, trained)


def test_the_average_is_what_is_evaluated():
    """Of two steps, an epoch each, and a decay of a quarter: a quarter of the first, three of the second."""
    words = ("model=mlp", "trainer.batch_size=400")
    (first, *_), (second, *_) = (fit(*words, f"trainer.epochs={epochs}")[-1] for epochs in (1, 2))
    *_, (selected, _, _) = fit(*words, "trainer.epochs=2", "trainer.ema=0.25")
    for name, value in selected.weights.items():
        expected = 0.25 * first.weights[name] + 0.75 * second.weights[name]
        assert torch.allclose(value, expected, atol=1e-7) and not torch.equal(value, second.weights[name]), name


def test_the_average_over_epochs_is_what_is_evaluated():
    words = ("model=mlp", "trainer.batch_size=400")  # one step per epoch
    second, third = (fit(*words, f"trainer.epochs={epochs}")[-1][0] for epochs in (2, 3))
    *_, (selected, _, _) = fit(*words, "trainer.epochs=3", "trainer.swa_start=2")
    for name, value in selected.weights.items():
        torch.testing.assert_close(value, (second.weights[name] + third.weights[name]) / 2)


def test_the_statistics_of_an_average_over_epochs_are_those_of_its_own_outputs():
    """Without a step in between, batch normalization of one batch is that of the batch itself."""
    words = ("model=mlp", "model.hidden=[8]", "normalization=batch", "trainer.batch_size=64", "data.train_limit=64")
    _, data, parts, *_, (selected, _, _) = fit(*words, "trainer.swa_start=1", "augmentation=none")
    images = parts.pixels(data.train.images)
    outputs = images.flatten(1) @ selected.weights["1.weight"].T
    if "1.bias" in selected.weights:
        outputs = outputs + selected.weights["1.bias"]
    names = [name for name in selected.weights if name.endswith("running_mean")]
    assert len(names) == 1
    torch.testing.assert_close(selected.weights[names[0]], outputs.mean(0), rtol=1e-4, atol=1e-5)
