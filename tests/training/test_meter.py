"""Means over images against numbers computed by hand."""

import torch

from ablate.training.meter import Batch, Meter

CPU = torch.device("cpu")


def test_the_meter_weighs_images_alike_whatever_the_size_of_their_batch():
    meter = Meter(CPU, torch.nn.CrossEntropyLoss())
    one_hot = torch.eye(2)
    meter.add(Batch(torch.tensor(2.0), torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 2.0]]), one_hot[[0, 1, 1]], False))
    meter.add(Batch(torch.tensor(6.0), torch.tensor([[0.0, 1.0]]), one_hot[[0]], False))
    assert (meter.read(), meter.seen) == ((3.0, 0.5, 3.0), 4)  # (3 * 2 + 6) / 4; two of four
    assert str(meter) == "loss 3.000  accuracy 50.0 %"
