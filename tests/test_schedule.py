"""Schedules against PyTorch's own schedulers and hand-computed points."""

import pytest
import torch

from ablate import schedule
from ablate.config import CONF

EPOCHS, STEPS = 6, 10


def pytorchs(make) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(EPOCHS * STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


LAST = EPOCHS * STEPS - 1
lr = torch.optim.lr_scheduler
CASES = {
    "constant": (schedule.constant(EPOCHS, STEPS, 0), lambda o: lr.ConstantLR(o, 1.0)),
    "step": (schedule.step(EPOCHS, STEPS, 0, 2, 0.5), lambda o: lr.StepLR(o, 2 * STEPS, 0.5)),
    "multistep": (schedule.multistep(EPOCHS, STEPS, 0, [1, 4], 0.1), lambda o: lr.MultiStepLR(o, [10, 40], 0.1)),
    "cosine": (schedule.cosine(EPOCHS, STEPS, 0, 0.1), lambda o: lr.CosineAnnealingLR(o, LAST, 0.1)),
    "linear": (schedule.linear(EPOCHS, STEPS, 0, 0.2), lambda o: lr.LinearLR(o, 1.0, 0.2, LAST)),
    "one_cycle": (
        schedule.one_cycle(EPOCHS, STEPS, 0, (0.3 * 60 - 1) / LAST, 25, 1e4),
        lambda o: lr.OneCycleLR(o, 1.0, 60, pct_start=0.3, cycle_momentum=False),
    ),
}


def test_every_option_has_a_reference():
    assert {path.stem for path in (CONF / "schedule").glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_pytorchs(name):
    factor, reference = CASES[name]
    assert [factor(step) for step in range(EPOCHS * STEPS)] == pytest.approx(pytorchs(reference), abs=1e-9)


def test_a_milestone_within_an_epoch_is_that_step():
    factor = schedule.multistep(8, STEPS, 0, [2.25, 7.5], 0.1)
    assert [step for step in range(1, 80) if factor(step) < factor(step - 1)] == [23, 75]


def test_warmup_increases_linearly_to_the_full_rate():
    factor = schedule.constant(EPOCHS, STEPS, 0.4)
    assert [factor(step) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_a_schedule_after_a_warmup_still_reaches_its_end():
    factor = schedule.linear(EPOCHS, STEPS, 2, 0.0)
    assert factor(20) == 1.0 and factor(LAST) == pytest.approx(0.0)
    assert factor(20 + 39 // 3) == pytest.approx(1 - 13 / 39)


def test_a_single_step_after_the_warm_ups_end_is_the_last():
    factor = schedule.linear(1, 3, 1 / 3, 0.0)
    assert [factor(step) for step in range(3)] == [0.5, 1.0, 0.0]


def test_a_warmup_longer_than_training_does_not_divide_by_zero():
    factor = schedule.cosine(1, STEPS, 5, 0.0)
    assert all(0 < factor(step) < 1 for step in range(STEPS))


@pytest.mark.parametrize("after", [1, 7])
def test_after_its_last_step_a_schedule_keeps_its_final_factor(after):
    for shape in (schedule.linear, schedule.cosine):
        assert shape(EPOCHS, STEPS, 0, 0.1)(LAST + after) == pytest.approx(0.1)
