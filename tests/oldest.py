"""The oldest versions that pyproject.toml admits, as constraints for pip: `make test-oldest` installs them."""

import re
import tomllib
from pathlib import Path

TOOLS = ("dev", "docs", "notebook", "benchmark", "cluster")  # extras that no run and no report needs


def oldest(project: dict) -> list[str]:
    """`name==version` for each `name>=version` of a [project] table, those of `TOOLS` aside."""
    extras = [names for extra, names in project["optional-dependencies"].items() if extra not in TOOLS]
    bounds = (re.match(r"([\w-]+)>=([\w.]+)", text) for text in sum(extras, project["dependencies"]))
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


if __name__ == "__main__":
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    print(*oldest(tomllib.loads(pyproject.read_text())["project"]), sep="\n")
