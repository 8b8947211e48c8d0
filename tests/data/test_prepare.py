import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ablate.config import register
from ablate.data.image_folder import image_folder
from ablate.data.images import Images
from ablate.data.prepare import clear_cache, load_test, prepare
from ablate.terminal.errors import InputError

CONF = Path(__file__).parents[2] / "conf"


def _data(*overrides: str) -> DictConfig:
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=list(overrides)).data


def wide(part: str) -> Images:
    """A data source whose images are not square."""
    return Images(torch.zeros(20, 1, 2, 3, dtype=torch.uint8), torch.arange(20) % 2, ("a", "b"))


def black(part: str) -> Images:
    """A data source whose images are constant."""
    return Images(torch.zeros(20, 1, 2, 2, dtype=torch.uint8), torch.arange(20) % 2, ("a", "b"))


def test_digits_as_configured() -> None:
    data = prepare(_data("data=digits"))
    # 1797 images, a fifth (360) for testing, a fifth of the other 1437, rounded up (288), for validation.
    assert (len(data.train), len(data.val)) == (1149, 288)
    assert (data.channels, data.image_size, data.classes) == (1, 8, tuple("0123456789"))
    assert data.mean.tolist() == data.std.tolist() == [0.5]
    assert data.mean.dtype == data.std.dtype == torch.float32
    assert len(load_test(_data("data=digits"))) == 360


def test_the_parts_are_the_images_of_the_source_at_their_indices(photo_folder: Path) -> None:
    data = prepare(_data("data=image_folder", f"data.root={photo_folder}", "data.train_limit=50"))
    source = image_folder(str(photo_folder), 32, 1, "train")
    assert (len(data.train), len(data.val)) == (50, 12)
    for part, index in ((data.train, data.train_index), (data.val, data.val_index)):
        assert torch.equal(part.images, source.images[index])
        assert torch.equal(part.labels, source.labels[index])
    assert (data.channels, data.image_size, data.classes) == (3, 32, ("china", "flower"))


def test_the_digest_covers_all_training_images_of_the_source(photo_folder: Path) -> None:
    source = image_folder(str(photo_folder), 32, 1, "train")
    expected = hashlib.sha256(source.images.numpy().tobytes() + source.labels.numpy().tobytes()).hexdigest()
    option = ["data=image_folder", f"data.root={photo_folder}"]
    assert prepare(_data(*option)).sha256 == expected
    assert prepare(_data(*option, "data.train_limit=20", "data.split_seed=3")).sha256 == expected
    assert prepare(_data(*option, "data.image_size=16")).sha256 != expected


def test_mean_and_std_default_to_those_of_the_training_part(photo_folder: Path) -> None:
    option = ["data=image_folder", f"data.root={photo_folder}", "data.train_limit=40"]
    data = prepare(_data(*option, "data.mean=null", "data.std=null"))
    pixels = data.train.images.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(data.mean, pixels.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, pixels.std((0, 2, 3)), rtol=1e-6)
    half = prepare(_data(*option, "data.mean=null"))
    assert torch.equal(half.mean, data.mean)
    assert half.std.tolist() == [0.5, 0.5, 0.5]


def test_mean_and_std_have_one_value_or_one_per_channel(photo_folder: Path) -> None:
    option = ["data=image_folder", f"data.root={photo_folder}"]
    data = prepare(_data(*option, "data.mean=[0.25]", "data.std=[0.1,0.2,0.3]"))
    assert data.mean.tolist() == [0.25, 0.25, 0.25]
    assert data.std.tolist() == pytest.approx([0.1, 0.2, 0.3])
    for key in ("data.mean", "data.std"):
        for values, count in (("[0.5,0.5]", 2), ("[]", 0)):
            message = f"{key} has {count} values, but the images have 3 channels. Pass 1 or 3 values."
            with pytest.raises(InputError, match=message):
                prepare(_data(*option, f"{key}={values}"))


def test_constant_images_need_a_std() -> None:
    option = ["data=digits", f"data._target_={__name__}.black", "data.mean=null"]
    assert prepare(_data(*option)).mean.tolist() == [0.0]
    with pytest.raises(InputError, match=r"Set data\.std"):
        prepare(_data(*option, "data.std=null"))


def test_validation_images_that_are_training_images_are_counted(photo_folder: Path, tmp_path: Path, caplog) -> None:
    shutil.copytree(photo_folder / "train", tmp_path / "train")
    shutil.copytree(photo_folder / "test", tmp_path / "val")
    caplog.set_level("INFO")
    option = ["data=image_folder", f"data.root={tmp_path}"]
    prepare(_data(*option))
    assert "also training images" not in caplog.text
    for index in (3, 5):
        shutil.copy(tmp_path / f"train/china/{index:02}.png", tmp_path / f"val/china/copy{index}.png")
    clear_cache()
    prepare(_data(*option))
    assert "2 of 32 validation images are also training images; `ablate data` lists them." in caplog.text


def test_images_must_be_square() -> None:
    with pytest.raises(InputError, match=r"must be square.*\(2, 3\)"):
        prepare(_data("data=digits", f"data._target_={__name__}.wide"))


def test_errors_of_a_source_are_not_wrapped(photo_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^The folder data.root=/nowhere does not exist\.$"):
        prepare(_data("data=image_folder", "data.root=/nowhere"))
    (tmp_path / "train").symlink_to(photo_folder / "train")
    with pytest.raises(InputError, match="has no test images"):
        load_test(_data("data=image_folder", f"data.root={tmp_path}"))
