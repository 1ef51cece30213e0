"""Where the verbs write: a terminal with colours, or plain text for a file or another program."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

UNLIMITED = 10_000
"""Columns of a line that no terminal shows: nothing is cut or wrapped for a program."""

NO_COLOR = click.Option(
    ["--no-color"],
    is_flag=True,
    expose_value=False,
    help="Print without colours, as the variable NO_COLOR does.",
    callback=lambda context, _, given: _without_color(context) if given else None,
)
"""An option of the command and of each verb, so that it may stand before and behind the verb."""


def _without_color(context: click.Context) -> None:
    context.color = False


def console(*, stderr: bool = False) -> Console:
    """Return where to print within a verb.

    In a terminal as wide as that and in colour, unless ``--no-color``, ``NO_COLOR`` or ``TERM``
    say otherwise. Elsewhere plain text with lines of any length. Text given to it is printed as
    it stands: markup and highlighting must be asked for.
    """
    # Here and below: rich is loaded by those who print with it, not for every --help.
    from rich.console import Console

    file: IO[str] = sys.stderr if stderr else sys.stdout
    context = click.get_current_context(silent=True)
    return Console(
        file=file,
        width=None if file.isatty() else UNLIMITED,
        # None lets rich look at NO_COLOR itself.
        no_color=True if context is not None and context.color is False else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not file.isatty(),
    )


def table(*columns: str, out: Console, **options: Any) -> Table:
    """Return a table with these columns: ruled in a terminal, elsewhere aligned text alone."""
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD if out.is_terminal else None,
        pad_edge=False,
        show_edge=False,
        header_style="bold",
        **options,
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(made: Table, out: Console) -> None:
    """Print a table; elsewhere than in a terminal with no blanks at the ends of its lines."""
    if out.is_terminal:
        out.print(made)
        return
    with out.capture() as captured:
        out.print(made)
    out.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
