"""Tab completion: of verbs by this script, of overrides by Hydra."""

from collections.abc import Iterable, Sequence

from ablate.commands.flags import Parser

# Hydra completes command lines without a verb, so it gets the line with the verb removed.
# The names of options may be those of files from other people. `compgen -W` would run a command in them, as would the
# shell once such a name is on the command line.
_BASH = """\
_ablate() {
    local word="${COMP_WORDS[COMP_CWORD]}" choices choice
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="%s"
    elif [[ "${COMP_WORDS[1]}" =~ ^(train|plan|data)$ ]]; then
        choices=$(COMP_LINE="ablate ${COMP_LINE#* ${COMP_WORDS[1]} }" ablate train -sc query=bash 2>/dev/null)
    fi
    while read -r choice; do
        if [[ "$choice" == "$word"* && "$choice" =~ ^[][A-Za-z0-9_./,:=@+~-]+$ ]]; then COMPREPLY+=("$choice"); fi
    done <<< "${choices// /$'\\n'}"
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _ablate ablate
"""


def main(arguments: Sequence[str], verbs: Iterable[str]) -> int:
    """Print the completion script of a shell."""
    parser = Parser(
        "ablate completion",
        description='Print a script for tab completion. Add  eval "$(ablate completion bash)"  to ~/.bashrc.',
        epilog="Exit status: 0; 2 if the shell is not supported.",
    )
    parser.add_argument("shell", choices=["bash"], help="in zsh, first run: autoload -U bashcompinit && bashcompinit")
    parser.parse_args(arguments)
    print(_BASH % " ".join(verbs), end="")
    return 0
