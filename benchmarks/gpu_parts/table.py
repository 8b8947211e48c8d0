"""The table of a benchmark: on the screen row by row, and in two files that are complete after every row."""

import json
from pathlib import Path
from typing import Any

HEAD = "| part | what | value | goal | reached |\n|---|---|---|---|---|"


class Table:
    """Rows of a benchmark, printed and written to `gpu.md` and `gpu.json` in a folder as they are added.

    Args:
        folder: where to write; created if needed.
        facts: about the machine and the call, listed above the table.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder, self.facts = folder, facts
        self.rows: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def describe(self, facts: dict[str, Any]) -> None:
        """Add facts, print all of them, and begin the table on the screen."""
        self.facts.update(facts)
        print("".join(f"{name}: {value}\n" for name, value in self.facts.items()), HEAD, sep="\n", flush=True)
        self.write()

    def add(self, part: str, row: dict[str, Any]) -> None:
        """Add a row: what, value; optionally goal, reached (True, False or None) and failed (bool)."""
        self.rows.append({"part": part, **row})
        print(line(self.rows[-1]), flush=True)
        self.write()

    def write(self) -> None:
        """Write both files, each replaced as a whole."""
        facts = "\n".join(f"- {name}: {value}" for name, value in self.facts.items())
        table = "\n".join([HEAD, *map(line, self.rows)])
        record = json.dumps({"machine": self.facts, "rows": self.rows}, indent=1)
        for name, text in {"gpu.md": f"{facts}\n\n{table}\n", "gpu.json": f"{record}\n"}.items():
            unfinished = self.folder / f".{name}.part"
            unfinished.write_text(text)
            unfinished.replace(self.folder / name)


def line(row: dict[str, Any]) -> str:
    """Format a row in Markdown."""
    reached = {True: "yes", False: "no", None: ""}[row.get("reached")]
    cells = (row["part"], row["what"], row["value"], row.get("goal", ""), reached)
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "/") for cell in cells) + " |"
