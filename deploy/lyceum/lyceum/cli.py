"""The command `lyceum`: what is typed, and what is printed; the work is elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lyceum import background, control, logs, mailbox, migrate_command
from lyceum.checklist import print_ready, view_for
from lyceum.data_dir import DataDir
from lyceum.errors import StackError
from lyceum.progress import Step
from lyceum.stack import Options, Stack

app = typer.Typer(
    name="lyceum",
    help="Start Lyceum on this machine, look after it, and walk through it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console()
errors = Console(stderr=True)

Folder = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="LYCEUM_DATA_DIR",
        help="The folder that holds all of one stack.",
        show_default=True,
    ),
]
HERE = Path(".lyceum")


@app.command()
def up(
    data_dir: Folder = HERE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port on 127.0.0.1.")] = 8000,
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready; the stack goes on.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty the data dir first.")] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Make no demo accounts.")] = False,
    kafka: Annotated[
        str | None,
        typer.Option(
            envvar="LYCEUM_KAFKA", help="host:port of an Apache Kafka to use in the embedded broker's place."
        ),
    ] = None,
    with_oidc: Annotated[
        bool,
        typer.Option(
            "--with-oidc",
            help="Also start an identity provider to try social login with (from the npm registry, once).",
        ),
    ] = False,
) -> None:
    """Start everything: PostgreSQL, the broker, six services with their workers, the gateway."""
    began = time.monotonic()
    # For tests of stacks that are thrown away, which would else wait for the disk half of their time.
    durable = os.environ.get("LYCEUM_DURABLE") != "0"
    options = Options(port=port, demo=not no_demo, fresh=fresh, kafka=kafka, oidc=with_oidc, durable=durable)
    folder = DataDir(data_dir)
    view = view_for(console)
    if detach:
        status = background.start_detached(folder, options, view)
        print_ready(console, status, time.monotonic() - began)
        console.print(
            "It runs in the background: `lyceum status`, `lyceum logs`, `lyceum down`.", highlight=False
        )
        return

    starting = True

    def report(step: Step) -> None:
        if starting:
            view(step)
        elif step.state == "note":
            console.print(Text(step.detail, style="dim"))

    def ready(status: dict[str, Any]) -> None:
        nonlocal starting
        starting = False
        view.__exit__(None, None, None)
        print_ready(console, status, time.monotonic() - began)
        console.print("Ctrl-C drains and stops it.", highlight=False)

    with view:
        asyncio.run(Stack(folder, options, report=report).run(on_ready=ready))


@app.command()
def down(data_dir: Folder = HERE) -> None:
    """Drain and stop the stack; its data stays."""
    folder = DataDir(data_dir)
    if control.bring_down(folder):
        console.print(f"Stopped; the data stays in {folder.path}.", highlight=False, soft_wrap=True)
    else:
        console.print(f"No stack runs in {folder.path}.", highlight=False, soft_wrap=True)


@app.command()
def status(
    data_dir: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; holds passwords.")] = False,
) -> None:
    """Show what runs where."""
    folder = DataDir(data_dir)
    found = control.running_status(folder)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    print_ready(console, found)
    table = Table("process", "pid", "memory", "since")
    for name, process in control.running_children(folder).items():
        with contextlib.suppress(psutil.Error):
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time()))
            share = f"{control.memory_share(process) >> 20} MiB"
            table.add_row(name, str(process.pid), share, since)
    console.print(table)


@app.command()
def doctor(
    data_dir: Folder = HERE,
    port: Annotated[int, typer.Option(help="The gateway's port to be.")] = 8000,
) -> None:
    """Look for what is missing or ill, and say what to do; exit 1 if something is broken."""
    from lyceum import doctor as practice

    styles = {"ok": "green", "warn": "yellow", "fail": "red"}
    failed = False
    for finding in practice.examine(DataDir(data_dir), port):
        failed = failed or finding.verdict == "fail"
        line = Text.assemble(
            (f"{finding.verdict:<5}", styles[finding.verdict]), f"{finding.what:<24} ", finding.detail
        )
        console.print(line, soft_wrap=True)
        if finding.advice:
            console.print(Text(f"{'':<30}{finding.advice}", style="dim"), soft_wrap=True)
    if failed:
        raise typer.Exit(1)


@app.command(name="logs")
def show_logs(
    service: Annotated[
        str | None, typer.Argument(help="`learning`, `learning-worker`, `broker`, ...")
    ] = None,
    data_dir: Folder = HERE,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of each log's last lines.")
    ] = 50,
) -> None:
    """Print the logs of one service, one process, or all."""
    chosen = logs.choose(DataDir(data_dir).logs, service)
    try:
        logs.show(chosen, typer.echo, lines=lines, follow=follow)
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command()
def mail(
    data_dir: Folder = HERE,
    to: Annotated[str | None, typer.Option(help="Only mail to this address.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Print the newest message whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; texts and links included.")] = False,
) -> None:
    """List the mail that the platform has sent: in development it goes to a folder."""
    folder = DataDir(data_dir)
    if not folder.is_lyceum():
        raise StackError(f"{folder.path} is not a Lyceum data dir; there is no mail.")
    found = mailbox.Spool(folder.mail).messages(to=to)
    found = found[-1:] if last else found
    if as_json:
        typer.echo(json.dumps([_mail_as_json(message) for message in found], indent=2, ensure_ascii=False))
        return
    if not found:
        raise StackError("There is no mail" + (f" to {to}." if to else "."))
    if last:
        newest = found[0]
        typer.echo(f"From: {newest.sender}\nTo: {', '.join(newest.to)}\nSubject: {newest.subject}\n")
        typer.echo(newest.text)
        return
    table = Table("date", "to", "subject", "file")
    for message in found:
        date = message.date.strftime("%Y-%m-%d %H:%M:%S") if message.date else ""
        table.add_row(date, Text(", ".join(message.to)), Text(message.subject), message.file.name)
    console.print(table)


def _mail_as_json(message: mailbox.Mail) -> dict[str, Any]:
    return {
        "file": str(message.file),
        "date": message.date.isoformat() if message.date else None,
        "from": message.sender,
        "to": list(message.to),
        "subject": message.subject,
        "text": message.text,
        "links": message.links,
    }


@app.command()
def migrate(
    data_dir: Folder = HERE,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if a database is behind.")
    ] = False,
    down_to: Annotated[
        tuple[str, str] | None,
        typer.Option("--down", metavar="SERVICE REVISION", help="Take one service's database back."),
    ] = None,
) -> None:
    """Bring the databases to the newest revision (on a running stack, or with PostgreSQL alone)."""
    behind = asyncio.run(
        migrate_command.run(DataDir(data_dir), check=check, down=down_to, say=lambda line: typer.echo(line))
    )
    if behind:
        raise typer.Exit(1)


@app.command()
def seed(
    data_dir: Folder = HERE,
    size: Annotated[str, typer.Option(help="small, demo or large.")] = "small",
    seed_number: Annotated[int, typer.Option("--seed", help="The same number gives the same platform.")] = 1,
) -> None:
    """Fill the running platform through its public API: instructors, courses, learners at work."""
    from lyceum import seed as seeding

    found = control.running_status(DataDir(data_dir))
    if "demo_accounts" not in found:
        raise StackError("Seeding needs the demo admin: start the stack without --no-demo.")
    seeding.run(
        found["gateway"]["url"],
        Path(found["mail_dir"]),
        found["demo_accounts"],
        size=size,
        seed=seed_number,
        console=console,
    )


@app.command()
def journey(data_dir: Folder = HERE) -> None:
    """Walk one learner's path on the running stack; exit 1 at the first wrong answer."""
    from lyceum import journey as walking

    raise typer.Exit(walking.run(control.running_status(DataDir(data_dir))))


def main() -> None:
    """Every StackError is one message on standard error and exit code 1."""
    try:
        app()
    except StackError as error:
        errors.print(Text.assemble(("lyceum: ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
