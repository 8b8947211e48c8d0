import pytest
import torch
from hydra.errors import InstantiationException
from torch import nn

from ablate.activation import gelu
from ablate.model.vit import Block, Patches, ViT
from ablate.normalization import layer
from ablate.terminal.errors import InputError


def test_parameters(build, parameters):
    # Patches 48 x 192 + 192 and 64 positions; a block has 4 w^2 + 4 w for attention, 8 w^2 + 5 w for the MLP and 4 w
    # for two norms; the last norm; the classifier.
    blocks = 6 * (12 * 192**2 + 13 * 192)
    total = 48 * 192 + 192 + 64 * 192 + blocks + 2 * 192 + 1930
    with torch.device("meta"):
        assert parameters(build("vit", "layer", "gelu")) == total == 2_693_194


def test_block_is_pytorchs_encoder_layer():
    torch.manual_seed(0)
    reference = nn.TransformerEncoderLayer(
        12, 3, dim_feedforward=24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    block = Block(12, 3, 24, 0.0, layer(), gelu())
    norm1, attention, _ = block.attention
    norm2, linear1, _, _, linear2, _ = block.mlp
    pairs = [
        (norm1.norm, reference.norm1),
        (norm2.norm, reference.norm2),
        (linear1, reference.linear1),
        (linear2, reference.linear2),
        (attention.out, reference.self_attn.out_proj),
    ]
    with torch.no_grad():
        for ours, theirs in pairs:
            ours.weight.copy_(theirs.weight.normal_())
            ours.bias.copy_(theirs.bias.normal_())
        attention.query_key_value.weight.copy_(reference.self_attn.in_proj_weight)
        attention.query_key_value.bias.copy_(reference.self_attn.in_proj_bias.normal_())
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(block(x), reference(x), atol=1e-4, rtol=1e-4)


def test_patches_are_linear_maps_of_squares_row_by_row():
    torch.manual_seed(0)
    patches = Patches(channels=2, image_size=6, patch_size=3, width=4)
    image = torch.randn(1, 2, 6, 6)
    squares = [image[0, :, i : i + 3, j : j + 3].flatten() for i in (0, 3) for j in (0, 3)]
    expected = torch.stack(squares) @ patches.embed.weight.flatten(1).T + patches.embed.bias + patches.position
    torch.testing.assert_close(patches(image)[0], expected, atol=1e-5, rtol=1e-5)


def test_position_embeddings_are_initialized_near_0():
    torch.manual_seed(0)
    patches = Patches(channels=3, image_size=32, patch_size=2, width=64)
    embed = patches.embed.weight.clone()
    nn.init.ones_(patches.position)
    patches.reset_parameters()
    assert patches.position.std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(patches.embed.weight, embed)


def test_patch_size_must_divide_the_image_size(build):
    keys = {"patch_size": 5, "width": 8, "depth": 1, "heads": 2, "mlp_ratio": 2, "dropout": 0}
    with pytest.raises(
        InputError, match=r"model.patch_size=5 does not divide the image size, 28. Use one of 1, 2, 4, 7, 14"
    ):
        ViT(10, 1, 28, layer(), gelu(), **keys)
    with pytest.raises(InstantiationException, match="model.patch_size=3 does not divide the image size, 32"):
        build("vit", patch_size=3)


def test_dropout_after_the_patches_and_three_times_per_block(build):
    with torch.device("meta"):
        model = build("vit", "layer", dropout=0.1, depth=2)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.1] * 7
