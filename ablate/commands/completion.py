"""Tab completion: verbs by ourselves, the words of `ablate train`, `plan` and `data` by Hydra."""

import argparse
from collections.abc import Iterable, Sequence

# Hydra completes a program's whole line, and knows no verbs: it is asked for the line without ours.
_BASH = """\
_ablate() {
    local word="${COMP_WORDS[COMP_CWORD]}" choices
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="%s"
    elif [[ "${COMP_WORDS[1]}" =~ ^(train|plan|data)$ ]]; then
        choices=$(COMP_LINE="ablate ${COMP_LINE#* ${COMP_WORDS[1]} }" ablate train -sc query=bash 2>/dev/null)
    fi
    COMPREPLY=($(compgen -o nospace -o default -W "$choices" -- "$word"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _ablate ablate
"""


def main(words: Sequence[str], verbs: Iterable[str]) -> int:
    """The verb's command line: print the script that the shell is to evaluate."""
    parser = argparse.ArgumentParser(
        "ablate completion", description='Tab completion; put  eval "$(ablate completion bash)"  into ~/.bashrc.'
    )
    parser.add_argument("shell", choices=["bash"], help="in zsh: autoload -U bashcompinit && bashcompinit, then bash's")
    parser.parse_args(words)
    print(_BASH % " ".join(verbs), end="")
    return 0
