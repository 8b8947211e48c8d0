"""Schema of the group `submission`, read only by `ablate submit`."""

import re
from dataclasses import dataclass, fields
from typing import Optional

from ablate.config.field import value

TAKEN = ("model.pt", "run.json", "test.json")  # files of a run, which keep their names


@dataclass
class Submission:
    """The contents of a submission archive: the folder of the selected run with a report, a notebook and code."""

    archive: str = value("name of the archive; {id} in a name stands for the student's ID")
    report: str = value("name of the report, a PDF")
    max_pages: int = value("largest number of pages of the report", low=1)
    notebook: Optional[str] = value("name of the executed notebook; null: none")
    code: str = value("name of the code folder")
    readme: str = value("name of the file that lists the contents and how to verify them")
    max_checkpoint_mb: float = value("largest model.pt that is put into the archive", unit="million bytes", low=0)
    link: str = value("name of the file with the link to a larger model.pt")
    max_archive_mb: float = value("largest archive", unit="million bytes", above=0)

    def check(self) -> None:
        names = {key: name for key in NAMES if (name := getattr(self, key)) is not None}
        for key, name in names.items():
            if not re.fullmatch(r"\w[\w. -]*", name.replace("{id}", "id"), re.ASCII):
                raise ValueError(f"{key}={name} must be a file name: letters, digits, spaces, - _ . and {{id}}")
            if name in TAKEN or list(names.values()).count(name) > 1:
                raise ValueError(f"{key}={name}: the archive contains another file of that name")


NAMES = tuple(field.name for field in fields(Submission) if not field.name.startswith("max_"))
