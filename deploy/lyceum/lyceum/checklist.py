"""What a person sees while a stack starts, and when it is ready."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lyceum.progress import Step
from lyceum.services import LIMITS_FACTOR

MARKS = {
    "waiting": Text("·", style="dim"),
    "done": Text("✓", style="green"),
    "failed": Text("✗", style="red"),
}


class View(Protocol):
    """Takes the steps of a start; a context, closed when the start is over."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __call__(self, step: Step) -> None: ...


def view_for(console: Console) -> View:
    """A live list on a terminal, plain lines elsewhere."""
    return LiveChecklist(console) if console.is_terminal else PlainLines(console)


class LiveChecklist:
    """One line a part, turning while it starts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: dict[str, Step] = {}
        self._spinners: dict[str, Spinner] = {}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for name, step in self._steps.items():
                if step.state == "running":
                    self._steps[name] = replace(step, state="failed")
        self._live.stop()

    def __call__(self, step: Step) -> None:
        if step.state == "note":
            self._console.print(Text(f"  {step.detail}", style="dim"))
            return
        if step.state == "running":
            self._since.setdefault(step.name, time.monotonic())
        elif step.state == "done" and step.name in self._since:
            self._took[step.name] = time.monotonic() - self._since[step.name]
        self._steps[step.name] = step

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for name, step in self._steps.items():
            spinner = self._spinners.setdefault(name, Spinner("dots"))
            mark: RenderableType = spinner if step.state == "running" else MARKS[step.state]
            took = f"{self._took[name]:.1f} s" if name in self._took else ""
            table.add_row(mark, name, Text(step.detail, style="dim"), Text(took, style="dim"))
        return Group(table)


class PlainLines:
    """A line when a part begins to be ready, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, step: Step) -> None:
        after = f"{time.monotonic() - self._began:5.1f} s"
        if step.state == "note":
            self._say(f"{after}  {step.detail}")
        elif step.state == "done":
            self._say(f"{after}  {step.name}: {step.detail}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_ready(console: Console, status: Mapping[str, Any], seconds: float | None = None) -> None:
    """The table of addresses and demo accounts."""
    url = status["gateway"]["url"]
    table = Table(show_header=False, title="Lyceum is ready", title_justify="left", title_style="bold green")
    rows = [
        ("gateway", url),
        ("docs", f"{url}/docs"),
        ("health", f"{url}/readyz"),
        ("mail", f"{status['mail_dir']}   (lyceum mail)"),
        ("data", status["data_dir"]),
    ]
    for role, account in status.get("demo_accounts", {}).items():
        rows.append((f"demo {role}", f"{account['email']}   {account['password']}"))
    if found := status.get("oidc"):
        rows.append(("social login", found["login_url"]))
        for account in found["accounts"]:
            rows.append((f"  as {account['login']}", f"{account['password']}   ({account['is']})"))
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table, soft_wrap=True)
    took = f"Ready in {seconds:.1f} s. " if seconds is not None else ""
    limits = f"Development: rate limits run {LIMITS_FACTOR} times wider than in production."
    console.print(f"{took}{limits}", highlight=False, soft_wrap=True)
