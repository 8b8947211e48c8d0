"""What a user sees of an error."""

from ablate.commands.exit_status import explain
from ablate.terminal.errors import InputError


def test_a_message_that_quotes_a_foreign_file_moves_no_cursor(capsys):
    assert explain(InputError("holds a study of \x1b]0;x\x07.\nSay another name.")) == 2
    assert capsys.readouterr().err == "holds a study of \\x1b]0;x\\x07.\nSay another name.\n"
