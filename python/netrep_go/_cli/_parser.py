"""Options from signatures, and their help from docstrings."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netrep_go._versions import __version__

Given = dict[str, Any]


@dataclass(frozen=True)
class Command:
    """What a command takes and does.

    Attributes
    ----------
    summary : str
        A line of help.
    examples : str
        Lines that may be typed.
    fill : callable
        Adds arguments to a parser. It is called if the command is: what it imports takes time.
    run : callable
        Does what was asked for and returns the exit code.
    """

    summary: str
    examples: str
    fill: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Given], int]


Commands = Mapping[str, "Command | Commands"]


_FILES = ("FILE", "FOLDER")  # what options show that take no values


class _Parser(argparse.ArgumentParser):
    """The parser of a command, whose arguments are added when they are needed."""

    command: Command | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # type: ignore[override]
        if self.command is not None:
            self.command.fill(self)
            values = {a.dest for a in self._actions if a.option_strings and a.metavar not in _FILES}
            self.set_defaults(command=self.command, options=values)
            self.command = None
        return super().parse_known_args(args, namespace)


def parse(commands: Commands, arguments: Sequence[str] | None) -> tuple[Command, Given]:
    """Return the command that was given, and what was given to it.

    Under ``options`` are the names of those parameters that are options with values.
    """
    parser = _Parser(
        "netrep-go", description="Compare neural representations that are in files, from the shell."
    )
    parser.add_argument("--version", action="version", version=__version__)
    _add(parser, commands)
    given = vars(parser.parse_args(arguments))
    return given.pop("command"), given


def _add(parser: argparse.ArgumentParser, commands: Commands) -> None:
    group = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for name, command in commands.items():
        if isinstance(command, Mapping):
            text = "commands: " + ", ".join(command)
            _add(group.add_parser(name, help=text, description=f"{name} {text}"), command)
            continue
        made = group.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=f"examples:\n{command.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.command = command


def add_options(
    parser: argparse.ArgumentParser,
    function: Callable[..., Any],
    leave_out: Container[str],
    kinds: Mapping[str, Mapping[str, Any]] = {},
) -> None:
    """Add an option for each parameter that has a default, with what its docstring says.

    What is not given is left to the function. Values are Python's, such as 0.5 or (0, 4), and
    else text; ``kinds`` says of some parameters how argparse is to take them.
    """
    entries = documented(function.__doc__ or "")
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is parameter.empty or name in leave_out:
            continue
        kind, text = entries.get(name, ("", ""))
        default = getattr(parameter.default, "__name__", parameter.default)
        how = kinds.get(name) or taken(parameter.default, kind)
        text = f"{text} (default: {default})".replace("%", "%%").strip()
        parser.add_argument(option(name), dest=name, default=argparse.SUPPRESS, help=text, **how)


def taken(default: Any, kind: str) -> dict[str, Any]:
    """Return how argparse takes what has this default and this type in a docstring."""
    if isinstance(default, bool):
        return {"action": argparse.BooleanOptionalAction}
    choices = re.match(r"\{(['f][^}]*)\}", kind)
    shown = {"metavar": re.sub(r"[' ]", "", choices[0])} if choices else {}
    return {"type": literal, **shown}


def option(name: str) -> str:
    """Return the option of a parameter."""
    return "--" + name.replace("_", "-")


def blamed(text: str, given: Given) -> str | None:
    """Return an error of an option's value, which is then called as it is typed; None of others.

    Parameters behind the name of a measure are called as they are.
    """
    typed = [given.get(name) for name in ("metric", "measure", "measures", "param")]
    own = set(re.findall(r"(\w+)=", str(typed)))
    begins = re.match(r"(?:Expected )?`?(--[\w-]+|\w+)", text)
    if begins is None or (found := begins[1]).startswith("--"):
        return None if begins is None else text
    if found in given["options"] and found in given:
        return re.sub(rf"(^`?|^Expected `|Found instead ){found}\b", rf"\1{option(found)}", text)
    return text if found in own else None


def literal(text: str) -> Any:
    """Return a Python literal, or the text if it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def documented(docstring: str) -> dict[str, tuple[str, str]]:
    """Return the type and the description of each parameter in a numpydoc docstring."""
    text = inspect.cleandoc(re.sub(r"\\\n *", "", docstring))
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+$|\Z)", text, re.M | re.S)
    entries: dict[str, tuple[str, str]] = {}
    for entry in re.split(r"\n(?=[\w*])", found[1]) if found else ():
        head, _, lines = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        for name in names.split(","):
            entries[name.strip(" *")] = kind, _plain(lines)
    return entries


def _plain(lines: str) -> str:
    """Return a description as one line without markup."""
    text = " ".join(lines.split())
    text = re.sub(r":\w+:`~?([^`]+)`", r"\1", text)
    text = text.replace(r"\, ", "").replace(r"\cdot", "*")
    return re.sub(r"`|\\(?=[A-Za-z])", "", text)
