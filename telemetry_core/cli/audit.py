"""``telemetry audit``: run an application with planted values, look for them in what it sends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from telemetry_core.cli.application import Host
from telemetry_core.cli.console import console
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.verb import Verb

if TYPE_CHECKING:
    from telemetry_core.audit.canaries import Canaries
    from telemetry_core.audit.runner import Order
    from telemetry_core.audit.verdict import Verdict

HELP = """Run the application with planted values; find those that leave.

Starts the application in a process of its own, with a collector on this machine in place of its
DSN and no other way out. Plants a value of each kind (an e-mail address, a card number, a name ...)
in whatever a visitor controls on every route, and in the user, the session and the database that
the framework knows; makes views fail; and searches every byte that arrives, in plain and in other
forms. Every visitor consents and every request is recorded, since that is when most is sent.

The database is left as it is: Django's is used in a transaction that is rolled back, SQLite's
files are otherwise used as copies, and any other is refused. So are handlers of logging that send
records elsewhere: what they would have sent is searched, too.

\b
Examples:
  telemetry audit --django shop.settings
  telemetry audit --flask 'shop:create_app()' --baseline
  manage.py telemetry audit --database test --format junit > audit.xml
  telemetry audit --asgi shop.asgi:application --path / --path /users/{email}

\b
Exit codes:
  0  no planted value was found
  1  at least one was, or something was sent that could not be searched
  2  the command line is wrong
  3  the application can't be loaded
  5  it can't be audited: nothing arrives, the database would change, or it takes too long
"""

FRAMEWORKS: Final = ("django", "flask", "wsgi", "asgi")


@click.command("audit", cls=Verb, help=HELP)
@click.option("--django", metavar="MODULE", help="Settings module of a Django project.")
@click.option("--flask", metavar="MODULE:FACTORY", help="Flask application, as flask --app has it.")
@click.option("--wsgi", metavar="MODULE:NAME", help="Any WSGI callable; its links are followed.")
@click.option("--asgi", metavar="MODULE:NAME", help="Any ASGI callable; its links are followed.")
@click.option("--path", "paths", multiple=True, help="Where to begin with --wsgi and --asgi.")
@click.option("--baseline", is_flag=True, help="Compare with sentry-sdk as it is without us.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="How to print the report.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--database",
    type=click.Choice(["rollback", "test"]),
    default="rollback",
    show_default=True,
    help="Django: the project's own, rolled back, or an empty one as its tests have.",
)
@click.option("--database-is-mine", is_flag=True, help="Let changes to the database stay.")
@click.option(
    "--session", "session", multiple=True, metavar="KEY=VALUE", help="Put it in the session."
)
@click.option(
    "--allow-host", "allow_hosts", multiple=True, metavar="HOST", help="Let it be reached."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds for the application.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    paths: Sequence[str],
    baseline: bool,
    form: str,
    as_json: bool,
    database: str,
    database_is_mine: bool,
    session: Sequence[str],
    allow_hosts: Sequence[str],
    timeout: float,
    **named: str | None,
) -> None:
    """Audit an application."""
    from telemetry_core.audit.canaries import new_canaries
    from telemetry_core.audit.runner import Order
    from telemetry_core.audit.target import Options

    form = "json" if as_json else form
    framework, name = _application(context, named)
    _refuse_what_is_not_looked_at(
        framework,
        {
            "--path": bool(paths),
            "--session": bool(session),
            "--database test": database == "test",
        },
    )
    if baseline and form not in ("text", "json"):
        raise click.UsageError(f"--baseline is for text and JSON, not for {form}")
    order = Order(
        framework=framework,
        name=name,
        options=Options(
            database=database,
            database_is_mine=database_is_mine,
            session=dict(map(_pair, session)),
            paths=paths,
        ),
        allow_hosts=allow_hosts,
        timeout=timeout,
    )
    canaries = new_canaries()
    verdict = _judged(order, canaries, is_baseline=False)
    if not verdict.items and not verdict.unsearched:
        raise NothingSent()
    other = _judged(order, canaries, is_baseline=True) if baseline else None
    _print(verdict, other, form)
    if not verdict.is_sound:
        context.exit(Exit.FOUND)


BELONGS_TO: Final[Mapping[str, Sequence[str]]] = {
    "--path": ("wsgi", "asgi"),
    "--session": ("django", "flask"),
    "--database test": ("django",),
}
"""Options that say something of some applications only."""


def _refuse_what_is_not_looked_at(framework: str, given: Mapping[str, bool]) -> None:
    for option, frameworks in BELONGS_TO.items():
        if given[option] and framework not in frameworks:
            these = " and ".join(f"--{each}" for each in frameworks)
            raise click.UsageError(f"{option} is for {these}, and this is {framework}")


def _application(context: click.Context, named: dict[str, str | None]) -> tuple[str, str]:
    host = context.find_object(Host)
    given = [(framework, name) for framework, name in named.items() if name]
    if host is not None:
        if given:
            raise click.UsageError(f"the application is known here: leave --{given[0][0]} out")
        from telemetry_core.settings import reading

        # Here it is only to be named: it runs, with its telemetry, in the other process.
        reading.overrides["TELEMETRY_ENABLED"] = False
        try:
            application = host.load()
        finally:
            reading.overrides.clear()
        return application.framework.lower(), application.name
    if len(given) != 1:
        raise click.UsageError("name one application: --django, --flask, --wsgi or --asgi")
    return given[0][0], str(given[0][1])


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"--session should be KEY=VALUE, got {text!r}")
    return key, value


def _judged(order: Order, canaries: Canaries, *, is_baseline: bool) -> Verdict:
    from telemetry_core.audit.runner import run_audit
    from telemetry_core.audit.target import NotStarted
    from telemetry_core.audit.verdict import judge

    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    what = "sentry-sdk alone" if is_baseline else "telemetry"
    with _progress(f"Starting the application with {what} ...") as progress:

        def visiting(pattern: str, done: int, total: int) -> None:
            progress(f"{done} of {total}, with {what}: {pattern}")

        try:
            run = run_audit(order, canaries, baseline=is_baseline, progress=visiting)
        except NotStarted as error:
            raise NotLoaded(order.name, error) from error
        progress("Searching what it sent ...")
        return judge(run, canaries, is_baseline=is_baseline)


@contextmanager
def _progress(first: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal how far the run is, on one line; elsewhere nothing."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield lambda _: None
        return
    from rich.text import Text

    def line(text: str) -> Text:
        shown = Text(text)
        shown.truncate(out.width - len("* "), overflow="ellipsis")
        return shown

    with out.status(line(first)) as status:
        yield lambda text: status.update(line(text))


def _print(verdict: Verdict, baseline: Verdict | None, form: str) -> None:
    from telemetry_core.audit import formats
    from telemetry_core.audit.report import print_report

    written: dict[str, Callable[[], str]] = {
        "json": lambda: formats.as_json(verdict, baseline),
        "sarif": lambda: formats.as_sarif(verdict),
        "junit": lambda: formats.as_junit(verdict),
    }
    if form in written:
        click.echo(written[form](), nl=False)
    else:
        print_report(verdict, console(), baseline=baseline)


class NothingSent(click.ClickException):
    """An application that sends nothing says nothing of what it would send."""

    exit_code = Exit.IMPOSSIBLE

    def __init__(self) -> None:
        super().__init__(
            "Nothing arrived, so nothing can be said. Is telemetry_django in INSTALLED_APPS and "
            "MIDDLEWARE, or Telemetry(app) called? `telemetry doctor` looks."
        )


class NotLoaded(click.ClickException):
    """An application that can't be started; says which error its code raised."""

    exit_code = Exit.APPLICATION

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(f"{name} can't be loaded: {error}")
