"""How many small mistakes the tests notice: `python -m tests.mutation MODULE.py ... [--count 10] [--seed 0]`.

Each mutant is the module with one random change: another comparison, operator or constant, a negated condition, or an
argument left out. It is caught if a test in the module's mirrored files (tests/X/test_Y*.py for ablate/X/Y.py) fails or
takes five times as long. Some survivors are equivalent to the original: read each. Run by hand; takes minutes.
"""

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "ablate",
    "analysis",
    "conf",
    "hydra_plugins",
    "tests",
    "docs",
    "notebooks",
    "pyproject.toml",
    "constraints.txt",
)
SWAPS = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Pow: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult},
}


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str, object]]:
    """(node, field, new value) for each change of this node that can be made in place."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield node, "ops", [SWAPS[type(node.ops[0])](), *node.ops[1:]]
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        yield node, "op", SWAPS[type(node.op)]()
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield node, "value", not node.value if isinstance(node.value, bool) else node.value + 1
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield node, "test", ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.Call):
        for field in ("args", "keywords"):
            values = getattr(node, field)
            yield from ((node, field, values[:at] + values[at + 1 :]) for at in range(len(values)))


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one that are no type annotations."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and field not in ("annotation", "returns"):
                yield child
                yield from evaluated(child)


def mutants(source: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """`count` random mutants of the source, each with a line that describes it."""
    tree = ast.parse(source)
    possible = [change for node in evaluated(tree) for change in changes(node)]
    for node, field, value in random.Random(seed).sample(possible, min(count, len(possible))):
        original, before = getattr(node, field), ast.unparse(node).partition("\n")[0]
        setattr(node, field, value)
        yield ast.unparse(tree), f"line {node.lineno}: {before}  ->  {ast.unparse(node).partition(chr(10))[0]}"
        setattr(node, field, original)


def passes(folder: Path, tests: list[str], limit: float | None) -> bool:
    """Whether the tests pass in that copy of the tree, within so many seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    settings = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    settings |= {"PYTHONDONTWRITEBYTECODE": "1"} if limit else {}  # two mutants may have one size and time
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=settings, start_new_session=True, **quiet)
    try:
        return process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def mirrored(module: Path) -> list[str]:
    """The test files of a module, relative to the root."""
    room = Path(*module.parent.parts[1:]) if module.parts[0] == "ablate" else module.parent
    name = module.parent.name if module.stem == "__init__" else module.stem
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests" / room).glob(f"test_{name}*.py"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    caught = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            shutil.copytree(source, target, symlinks=True) if source.is_dir() else shutil.copy2(source, target)
        for module in given.modules:
            tests, place, started = mirrored(module), Path(folder) / module, time.monotonic()
            assert tests and passes(Path(folder), tests, None), f"{module}: its tests do not pass unchanged: {tests}"
            limit = 10 + 5 * (time.monotonic() - started)
            original = place.read_text()
            for mutant, line in mutants(original, given.count, given.seed):
                place.write_text(mutant)
                survived = passes(Path(folder), tests, limit)
                caught, total = caught + (not survived), total + 1
                print("survived" if survived else "caught  ", module, line, flush=True)
            place.write_text(original)
    print(f"{caught} of {total} caught ({100 * caught / max(total, 1):.0f} %).")


if __name__ == "__main__":
    main()
