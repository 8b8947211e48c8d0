"""The files of a submission in memory."""

from dataclasses import dataclass, field
from pathlib import Path

from ablate.terminal.text import without_home

MB = 1_000_000


@dataclass
class Contents:
    """The files of a submission.

    members           {path in the archive: content}
    summary           {file or folder in the archive: (bytes, note)}, for the printed summary
    weights           model.pt of the selected run, to which the archive may only contain a link
    verify_arguments  options of `ablate verify` on this machine
    user_code         files of the user's modules
    report_text       text and metadata of the report
    """

    members: dict[str, bytes] = field(default_factory=dict)
    summary: dict[str, tuple[int, str]] = field(default_factory=dict)
    weights: Path = Path()
    verify_arguments: list[str] = field(default_factory=list)
    user_code: list[str] = field(default_factory=list)
    report_text: str = ""

    def add(self, name: str, content: bytes, note: str) -> None:
        """Add a file."""
        self.members[name] = content
        self.summary[name] = (len(content), note)

    def with_home_paths(self) -> list[str]:
        """Names of the members that contain a home-directory path."""
        texts = {name: content.decode(errors="replace") for name, content in self.members.items()}
        texts |= {name: self.report_text for name, content in self.members.items() if content.startswith(b"%PDF")}
        return [name for name, text in texts.items() if without_home(text) != text]
