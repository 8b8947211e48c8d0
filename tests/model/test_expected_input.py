"""`${pretrained:...}` in a configuration: what the library states about its weights."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf.errors import InterpolationResolutionError

from ablate.backend.torchvision import torchvision
from ablate.config import CONF, register

register()


def composed(*words):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", ["data=image_folder", "data.root=photos", *words])


SCALING = ("data.mean=${pretrained:mean}", "data.std=${pretrained:std}", "data.image_size=${pretrained:image_size}")


def test_timms_and_torchvisions_numbers():
    timm = pytest.importorskip("timm")
    stated = timm.get_pretrained_cfg("resnet18")
    data = composed("model=timm", "model.name=resnet18", *SCALING).data
    assert (tuple(data.mean), tuple(data.std), data.image_size) == (stated.mean, stated.std, stated.input_size[-1])
    data = composed("model=torchvision", "model.name=resnet18", *SCALING).data
    # The numbers of ImageNet's training images.
    assert (data.mean, data.std, data.image_size) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 224)
    preset = torchvision.models.get_model_weights("vit_b_16").DEFAULT.transforms()
    assert composed("model=torchvision", "model.name=vit_b_16", *SCALING).data.mean == preset.mean


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model=cnn", SCALING[0]), "needs model=timm or model=torchvision"),
        (("model=torchvision", "data.mean=${pretrained:average}"), "it must be pretrained:mean, std or image_size"),
        (("model=torchvision", "model.name=resnet81", SCALING[0]), "Did you mean resnet18"),
    ],
)
def test_what_no_library_states_is_refused(words, message):
    with pytest.raises(InterpolationResolutionError, match=message):
        print(composed(*words).data.mean)
