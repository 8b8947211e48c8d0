"""Class weights against scikit-learn, and the losses built with them."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.config import CONF
from ablate.data.images import Images
from ablate.terminal.errors import InputError
from ablate.training.class_weights import build_loss, class_weights


@pytest.mark.parametrize("counts", [(5, 5), (90, 9, 1), (1, 2, 3, 4), (7, 0, 3)], ids=str)
def test_balanced_weights_are_those_of_scikit_learn(counts):
    from sklearn.utils.class_weight import compute_class_weight

    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    weights = class_weights("balanced", labels, tuple("abcd"[: len(counts)]))
    present = np.flatnonzero(counts)
    expected = np.zeros(len(counts))
    expected[present] = compute_class_weight("balanced", classes=present, y=labels.numpy())
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)
    assert weights[labels].mean().item() == pytest.approx(1)


@pytest.mark.parametrize("given", [[1.0], [1.0, 2.0, 3.0], [1.0] * 12])
def test_the_number_of_weights_is_that_of_the_classes(given):
    with pytest.raises(InputError, match=rf"loss.class_weights has {len(given)} weights?, but the data has 2 classes"):
        class_weights(given, torch.tensor([0, 1]), ("cat", "dog"))


@pytest.mark.parametrize("option", ["cross_entropy", "focal"])
@pytest.mark.parametrize("setting", ["null", "balanced", "[1,2,3]"])
def test_the_loss_of_a_configuration_has_the_weights_of_its_training_images(option, setting):
    train = Images(torch.zeros(6, 1, 1, 1, dtype=torch.uint8), torch.tensor([0, 0, 0, 1, 1, 2]), ("a", "b", "c"))
    settings = OmegaConf.load(CONF / "loss" / f"{option}.yaml")
    del settings["defaults"]
    settings.class_weights = OmegaConf.create(f"x: {setting}").x
    built = build_loss(settings, train, torch.device("cpu"))
    expected = {"null": [1, 1, 1], "balanced": [2 / 3, 1, 2], "[1,2,3]": [1, 2, 3]}[setting]
    logits = torch.zeros(3, 3)
    per_class = [built(logits[[c]], torch.eye(3)[[c]]).item() for c in range(3)]
    assert np.array(per_class) / per_class[0] * expected[0] == pytest.approx(expected)


def test_a_loss_of_the_user_without_the_key_is_built_as_it_is():
    train = Images(torch.zeros(2, 1, 1, 1, dtype=torch.uint8), torch.tensor([0, 1]), ("a", "b"))
    built = build_loss(OmegaConf.create({"_target_": "torch.nn.MSELoss"}), train, torch.device("cpu"))
    assert type(built) is torch.nn.MSELoss
