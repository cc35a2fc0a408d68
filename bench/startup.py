"""How long the platform takes to be ready, how much memory it holds, and what it does when nothing is asked of it."""

import time
from pathlib import Path

import psutil

from bench.report import Figure, versus
from bench.stack import RunningStack

READY_LIMIT_SECONDS = 30.0
MEMORY_LIMIT_MIB = 1200.0
IDLE_LIMIT_PERCENT = 10.0
IDLE_SECONDS = 30.0


def processes(stack: RunningStack) -> list[psutil.Process]:
    """Every process of the stack: those whose command or folder names its data dir, and their children."""
    pids = {int(stack.status["gateway"]["pid"])}
    for service in stack.status["services"].values():
        pids |= {int(pid) for pid in service["pids"]}
    roots = {psutil.Process(pid).parents()[0].pid for pid in pids}
    (supervisor,) = roots
    root = psutil.Process(supervisor)
    return [root, *root.children(recursive=True)]


def measure(stack: RunningStack, _folder: Path) -> list[Figure]:
    everything = processes(stack)
    # Each process' share of what it has in common with others (PSS): summed up, what the machine really holds.
    held = sum(process.memory_full_info().pss for process in everything) / 2**20
    counted = sum(process.memory_info().rss for process in everything) / 2**20
    before = sum(sum(process.cpu_times()[:2]) for process in everything)
    time.sleep(IDLE_SECONDS)
    after = sum(sum(process.cpu_times()[:2]) for process in processes(stack))
    idle = (after - before) / IDLE_SECONDS * 100
    return [
        versus("start of an empty folder", stack.seconds_to_ready, "s", "limit", READY_LIMIT_SECONDS),
        versus("memory held (PSS)", held, "MiB", "limit", MEMORY_LIMIT_MIB, processes=len(everything)),
        versus("memory, common pages counted in each (RSS)", counted, "MiB", "limit", MEMORY_LIMIT_MIB),
        versus("idle", idle, "% of a core", "limit", IDLE_LIMIT_PERCENT, seconds=IDLE_SECONDS),
    ]
