"""What is handed in: the group `submission`, which `ablate submit` alone reads."""

import re
from dataclasses import dataclass, fields
from typing import Optional

from ablate.config.field import value

TAKEN = ("model.pt", "run.json", "test.json")  # a run's own files, which keep their names


@dataclass
class Submission:
    """The parts of an archive, which unpacked is the folder of the chosen run with a report, a notebook and code."""

    archive: str = value("name of the archive; {id} in a name is the student's")
    report: str = value("name of the report, a PDF")
    max_pages: int = value("pages that the report may have", low=1)
    notebook: Optional[str] = value("name of the executed notebook; null: none is handed in")
    code: str = value("name of the folder of the code")
    readme: str = value("name of the file that says what is there and how to verify it")
    max_checkpoint_mb: float = value("largest model.pt that goes into the archive", unit="million bytes", low=0)
    link: str = value("name of the file that says where a larger model.pt is")
    max_archive_mb: float = value("largest archive", unit="million bytes", above=0)

    def check(self) -> None:
        names = {key: name for key in NAMES if (name := getattr(self, key)) is not None}
        for key, name in names.items():
            if not re.fullmatch(r"\w[\w. -]*", name.replace("{id}", "id"), re.ASCII):
                raise ValueError(f"{key}={name} must be the name of a file: letters, digits, blanks, - _ . and {{id}}")
            if name in TAKEN or list(names.values()).count(name) > 1:
                raise ValueError(f"{key}={name}: there is another file of that name in the archive")


NAMES = tuple(field.name for field in fields(Submission) if not field.name.startswith("max_"))
