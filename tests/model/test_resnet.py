import pytest
import torch
from torch import nn

from ablate.activation import relu
from ablate.backend.torchvision import torchvision
from ablate.model.resnet import Block, PadShortcut
from ablate.normalization import none


@pytest.mark.parametrize("depth, millions", [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85)])
def test_parameters_of_table_6_of_the_paper(depth, millions, build, parameters):
    with torch.device("meta"):
        assert round(parameters(build("resnet", "batch", depth=depth)) / 1e6, 2) == millions


def test_parameters_of_resnet_20_by_hand(build, parameters):
    # Filters 9 x in x out, and a scale and a shift per channel: stem; six of 16; six of 32 and of 64, the first from
    # half the channels; classifier.
    stem = 9 * 3 * 16 + 32
    stages = 6 * (9 * 16 * 16 + 32) + 9 * 16 * 32 + 5 * 9 * 32 * 32 + 6 * 64 + 9 * 32 * 64 + 5 * 9 * 64 * 64 + 6 * 128
    with torch.device("meta"):
        assert parameters(build("resnet", "batch")) == stem + stages + 650 == 269_722


@pytest.mark.parametrize("depth, imagenet", [(18, 11_689_512), (34, 21_797_672)])
def test_parameters_of_the_four_stage_form(depth, imagenet, build, parameters):
    # Documented by torchvision for ImageNet; here the stem is 3x3 instead of 7x7, and there are 990 classes less.
    with torch.device("meta"):
        model = build("resnet", "batch", depth=depth)
    assert parameters(model) == imagenet - (49 - 9) * 3 * 64 - 990 * 513


def test_the_four_stage_form_is_torchvisions_behind_another_stem(build):
    torch.manual_seed(0)
    reference = torchvision.models.resnet18(weights=None, num_classes=10).eval()
    reference.conv1, reference.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    model = build("resnet", "batch", depth=18)
    model.load_state_dict(dict(zip(model.state_dict(), reference.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(model(images), reference(images), atol=1e-4, rtol=1e-4)


def test_pad_shortcut_by_hand():
    x = torch.arange(9.0).view(1, 1, 3, 3)
    out = PadShortcut(extra=2, stride=2)(x)
    assert out[0, 0].tolist() == [[0, 2], [6, 8]]
    assert out.shape == (1, 3, 2, 2) and not out[0, 1:].any()


def test_a_block_with_zero_weights_is_its_shortcut():
    block = Block(4, 8, 2, False, none(), relu())
    for parameter in block.residual.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    out = block(x)
    assert torch.equal(out[:, :4], x[:, :, ::2, ::2].clamp(min=0))
    assert not out[:, 4:].any()


def test_overfits_a_few_images(build):
    torch.manual_seed(0)
    model = build("resnet", "batch", channels=1, image_size=8).train()
    images, labels = torch.randn(20, 1, 8, 8), torch.arange(20) % 10
    optimizer = torch.optim.SGD(model.parameters(), 0.1, 0.9)
    for _ in range(20):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    assert (model(images).argmax(1) == labels).float().mean() > 0.9
