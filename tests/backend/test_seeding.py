"""Streams depend only on their name, are independent of each other, and leave PyTorch's global state unchanged."""

import numpy as np
import pytest
import torch

from ablate.backend import seeding


def test_a_stream_depends_only_on_its_seed_and_its_words():
    numbers = {
        name: tuple(seeding.stream(*name).integers(0, 2**62, 4))
        for name in [
            (0, "order", 1),
            (0, "order", 2),
            (1, "order", 1),
            (0, "augmentation", 1),
            (0, "order"),
            (0, "order", 11),
        ]
    }
    assert len(set(numbers.values())) == 6
    assert tuple(seeding.stream(0, "order", 1).integers(0, 2**62, 4)) == numbers[0, "order", 1]


def test_key_is_the_published_hash():
    # SHA-256 of "abc" is a test vector of FIPS 180-4: ba7816bf 8f01cfea ...; read little-endian and halved.
    assert seeding.key("abc") == int.from_bytes(bytes.fromhex("ba7816bf8f01cfea"), "little") >> 1


def test_streams_of_neighboring_seeds_are_uncorrelated():
    draws = np.stack([seeding.stream(seed, "order", 1).standard_normal(10_000) for seed in range(8)])
    correlation = np.corrcoef(draws)[~np.eye(8, dtype=bool)]
    assert np.abs(correlation).max() < 0.05  # five standard errors of a correlation of 10,000 pairs


def test_scope_is_reproducible_and_restores_the_global_generator():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeding.scope(0, "dropout", 1):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with seeding.scope(0, "dropout", 1):
        assert torch.equal(torch.rand(3), first)
    with seeding.scope(0, "dropout", 2):
        assert not torch.equal(torch.rand(3), first)


def test_scope_does_not_initialize_cuda(monkeypatch):
    """Here, initializing it raises an error; on a machine with GPUs, it would occupy memory on each of them."""
    if torch.cuda.is_initialized():
        pytest.skip("CUDA is in use in this process")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with seeding.scope(0, "dropout", 1):
        assert not torch.cuda.is_initialized()
    assert not torch.cuda.is_initialized()
