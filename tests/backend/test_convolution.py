"""A convolution equals PyTorch's, also where it is computed as one matrix product."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablate.backend.convolution import MAX_GROWTH, MIN_BATCH, Conv2d

COVERED = [  # height, width, and the arguments after the channels
    (1, 1, {"kernel_size": 3, "padding": 1}),
    (1, 2, {"kernel_size": 3, "padding": 1}),
    (2, 2, {"kernel_size": 5, "padding": 2}),
    (2, 2, {"kernel_size": 3, "padding": 1, "stride": 2}),
    (3, 2, {"kernel_size": 5, "padding": 2, "stride": 2}),
    (1, 4, {"kernel_size": (3, 7), "padding": (1, 3), "stride": (2, 1)}),
    (4, 4, {"kernel_size": 4}),
    (1, 1, {"kernel_size": 1}),
]
LARGE = [  # covered, but the matrix is larger than the kernel: only in bf16
    (2, 2, {"kernel_size": 3, "padding": 1}),
    (3, 2, {"kernel_size": 5, "padding": 2}),
    (3, 3, {"kernel_size": 5, "padding": 2, "stride": 2}),
]
NOT_COVERED = [
    (3, 2, {"kernel_size": 3, "padding": 1}),
    (3, 3, {"kernel_size": 5, "padding": 2}),  # covered, but the matrix is more than twice as large as the kernel
    (3, 3, {"kernel_size": 3, "padding": 1, "stride": 3}),
    (2, 2, {"kernel_size": 3, "padding": 2}),
    (2, 2, {"kernel_size": 3, "padding": "same"}),
    (2, 2, {"kernel_size": 3, "padding": 1, "padding_mode": "circular"}),
    (2, 2, {"kernel_size": 3, "padding": 2, "dilation": 2}),
    (2, 2, {"kernel_size": 3, "padding": 1, "groups": 2}),
]


def both(shape, bias=True, **settings):
    """Our layer, PyTorch's with its weights, and two equal inputs of `shape`, in double precision."""
    torch.manual_seed(0)
    ours = Conv2d(4, 6, **settings, bias=bias).double()
    theirs = nn.Conv2d(4, 6, **settings, bias=bias).double()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(MIN_BATCH, 4, *shape, dtype=torch.double)
    return ours, theirs, images.clone().requires_grad_(), images.requires_grad_()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("height", "width", "settings"), COVERED + LARGE + NOT_COVERED)
def test_outputs_and_gradients_equal_those_of_pytorch(height, width, settings, bias, layout, monkeypatch):
    monkeypatch.setitem(MAX_GROWTH, torch.double, 2)  # as in bf16, which could not be compared as exactly
    ours, theirs, x, y = both((height, width), bias, **settings)
    a, b = ours(x.contiguous(memory_format=layout)), theirs(y)
    torch.testing.assert_close(a, b)
    upstream = torch.randn_like(b)
    a.backward(upstream)
    b.backward(upstream)
    torch.testing.assert_close(x.grad, y.grad)
    torch.testing.assert_close(list(p.grad for p in ours.parameters()), list(p.grad for p in theirs.parameters()))


def convolutions(model, images):
    """How many convolutions a forward and backward pass computes with PyTorch's own operation."""
    with torch.profiler.profile() as profile:
        model(images).sum().backward()
    return sum(event.name == "aten::convolution" for event in profile.events())


@pytest.mark.parametrize(
    ("shapes", "dtype", "expected"),
    [
        (COVERED, torch.double, 0),
        (LARGE, torch.double, 1),
        (COVERED + LARGE, torch.bfloat16, 0),
        (NOT_COVERED, torch.double, 1),
        (NOT_COVERED, torch.bfloat16, 1),
    ],
)
def test_the_operation_depends_on_shape_and_type_alone(shapes, dtype, expected):
    for height, width, settings in shapes:
        ours, _, images, _ = both((height, width), **settings)
        assert convolutions(ours.to(dtype), images.to(dtype)) == expected, settings


def test_without_gradients_and_in_small_batches_the_result_is_that_of_pytorch_bit_for_bit():
    ours, theirs, images, _ = both((1, 1), kernel_size=3, padding=1)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))
    assert torch.equal(ours(images[1:]), theirs(images[1:]))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_memory_format_is_that_of_pytorch(layout):
    for height, width, settings in COVERED:
        ours, theirs, x, y = both((height, width), **settings)
        outputs = [layer.to(memory_format=layout)(z.to(memory_format=layout)) for layer, z in ((ours, x), (theirs, y))]
        assert outputs[0].is_contiguous(memory_format=layout) == outputs[1].is_contiguous(memory_format=layout)


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.double, torch.int64, torch.uint8])
def test_an_input_that_pytorch_refuses_is_refused(dtype):
    images = torch.ones(MIN_BATCH, 1, 1, 1).to(dtype)
    for kind in (Conv2d, nn.Conv2d):
        with pytest.raises(RuntimeError, match="type"):
            kind(1, 1, 3, padding=1, bias=False)(images)
        with pytest.raises(RuntimeError, match="channels"):
            kind(2, 1, 3, padding=1)(images.float())


@pytest.mark.parametrize("dtype", [torch.float, torch.half, torch.bfloat16])
def test_autocast_accepts_what_pytorch_accepts(dtype):
    images = torch.ones(MIN_BATCH, 1, 1, 1, dtype=dtype)
    for kind in (Conv2d, nn.Conv2d):
        with torch.autocast("cpu", torch.bfloat16):
            assert kind(1, 1, 3, padding=1)(images).dtype == torch.bfloat16


def test_in_bf16_the_gradients_are_those_of_double_precision():
    torch.manual_seed(0)
    layer = Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last)
    images = torch.randn(64, 32, 2, 2).bfloat16().requires_grad_()  # as the output of a layer in autocast
    with torch.autocast("cpu", torch.bfloat16):
        outputs = layer(images)
    assert outputs.dtype == torch.bfloat16
    outputs.float().square().sum().backward()
    exact = [p.detach().double().requires_grad_() for p in (images, layer.weight, layer.bias)]
    F.conv2d(*exact, padding=1).square().sum().backward()
    for grad, true in zip((images.grad, layer.weight.grad, layer.bias.grad), exact, strict=True):
        assert (grad.double() - true.grad).norm() < 0.01 * true.grad.norm()
