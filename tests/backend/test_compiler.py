import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from ablate.backend.compiler import compiled, keep_out

RUN = """
import sys
from ablate.commands.train import main as cli
cli(sys.argv[1:])
print(sorted({"torch._dynamo", "sklearn", "pandas", "torchvision"} & set(sys.modules)))
"""


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "muon"])
def test_a_run_imports_nothing_that_is_slow_and_not_needed(optimizer: str, tmp_path: Path) -> None:
    words = ["data=digits", "model=mlp", "trainer.epochs=1", "trainer.device=cpu", f"optimizer={optimizer}"]
    words.append(f"hydra.run.dir='{tmp_path}/run'")
    ended = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    assert ended.stdout == "[]\n", ended.stderr


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_step_has_gradients_only_if_asked_for(differentiable: bool) -> None:
    keep_out(torch.optim.SGD)
    start = torch.ones(1, requires_grad=True)
    weight = start.clone() if differentiable else start
    optimizer = torch.optim.SGD([weight], 0.1, differentiable=differentiable)
    weight.grad = torch.full((1,), 2.0)
    optimizer.step()
    assert weight.item() == pytest.approx(0.8)
    assert (weight.grad_fn is not None) == differentiable


def test_other_wrappers_are_left() -> None:
    class Kind:
        @torch.no_grad()
        def evaluate(self) -> bool:
            return torch.is_grad_enabled()

    before = Kind.evaluate
    keep_out(Kind)
    assert Kind.evaluate is before
    assert not Kind().evaluate()


def test_each_size_is_compiled_apart_and_nothing_of_an_earlier_run_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own counter of compilations; left to itself, its compiler takes any size from the second on."""
    from torch._dynamo.testing import CompileCounter

    counter = CompileCounter()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=counter))
    for run in (1, 2):
        forward = compiled(torch.nn.Linear(2, 2))
        for size in (4, 3, 5, 4, 3):
            forward(torch.zeros(size, 2))
        assert counter.frame_count == 3 * run
    torch.compiler.reset()
