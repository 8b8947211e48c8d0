"""How errors are shown to the user."""

from ablate.commands.exit_status import explain
from ablate.terminal.errors import InputError


def test_control_characters_in_a_message_are_escaped(capsys):
    assert explain(InputError("contains a study of \x1b]0;x\x07.\nChoose another name.")) == 2
    assert capsys.readouterr().err == "contains a study of \\x1b]0;x\\x07.\nChoose another name.\n"
