"""The whole platform on one machine: PostgreSQL, the broker, six services with their workers, the gateway.

    stack = Stack(DataDir(".lyceum"), report=print)
    asyncio.run(stack.run(on_ready=...))      # until SIGINT, SIGTERM or SIGHUP

Order of starting: database and broker side by side; then each service as soon as a turn is free, its migrations
before its processes; then the gateway, whose readiness is the stack's; then the demo accounts. Order of ending:
the gateway, so that nothing new comes in; the services; their workers, which still publish; broker; database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import IO, Any

from lyceum import demo, keys, leftovers, migrations, oidc, services
from lyceum.broker import EmbeddedBroker
from lyceum.data_dir import DataDir
from lyceum.errors import PortBusy, StackError
from lyceum.forks import Interpreters, Nursery, Process, Runner, reap_orphans
from lyceum.oidc import DemoOidc, EmbeddedProvider
from lyceum.ports import LOOPBACK, choose_port, is_free, listener
from lyceum.postgres import EmbeddedPostgres
from lyceum.probe import is_ready, status_of
from lyceum.progress import Report, State, Step
from lyceum.services import SERVICES, SIGNERS, Kafka, Surroundings
from lyceum.supervisor import Child, Supervisor, program, stamp

START_SECONDS = 120.0
# More than a process of ours allows itself (HttpSettings.shutdown_timeout), so that SIGKILL stays the exception.
DRAIN_SECONDS = 20.0


@dataclass(frozen=True)
class Options:
    """What `lyceum up` was asked for."""

    port: int = 8000
    demo: bool = True
    fresh: bool = False
    kafka: str | None = None
    """host:port of an Apache Kafka to use in the embedded broker's place."""
    oidc: bool = False
    """Whether to start an identity provider to try social login with."""
    durable: bool = True
    """Whether the database waits for the disk; without, a crash of the machine may lose it (for tests)."""


class Stack:
    """One stack in one data dir, supervised by this process."""

    def __init__(
        self,
        data_dir: DataDir,
        options: Options,
        *,
        report: Report,
        on_claimed: Callable[[], None] = lambda: None,
    ) -> None:
        self.data_dir = data_dir
        self.options = options
        self.report = report
        self._on_claimed = on_claimed
        self.url = f"http://{LOOPBACK}:{options.port}"
        self.stop = asyncio.Event()
        self.supervisor = Supervisor(changed=self._write_state, note=self._note)
        self._runner: Runner = Interpreters()
        self._around: Surroundings | None = None
        self._demo_loaded = False
        self._oidc: DemoOidc | None = None
        self._ready = False
        self._left_over: dict[str, Any] = {}

    async def run(self, *, on_ready: Callable[[dict[str, Any]], None]) -> None:
        """Start everything, call `on_ready` with the status, and drain when told to stop. Raises StackError."""
        self.data_dir.claim(fresh=self.options.fresh)
        try:
            self._on_claimed()
            if Nursery.possible():
                log = self.data_dir.logs / "nursery.log"
                self._runner = Nursery(env=services.inherited(), cwd=self.data_dir.path, log=log)
            self._listen_for_signals()
            starting = asyncio.create_task(self._start())
            stopping = asyncio.create_task(self.stop.wait())
            try:
                await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()
                    on_ready(self.status())
                    await stopping
            finally:
                starting.cancel()
                stopping.cancel()
                await asyncio.wait([starting, stopping])
                await self._drain()
        finally:
            self.data_dir.release()

    def status(self) -> dict[str, Any]:
        """What `lyceum status --json` prints."""
        around = self._surroundings
        told: dict[str, Any] = {
            "gateway": {"url": self.url, "pid": self._pid("gateway")},
            "services": {
                service: {
                    "url": around.url(service),
                    "worker_url": f"http://{LOOPBACK}:{around.ports[f'{service}-worker']}",
                    "database_url": around.database_urls[service],
                    "pids": [
                        pid
                        for name in (f"{service}-api", f"{service}-worker")
                        if (pid := self._pid(name)) is not None
                    ],
                }
                for service in SERVICES
            },
            "kafka": around.kafka.bootstrap,
            "mail_dir": str(self.data_dir.mail),
            "data_dir": str(self.data_dir.path),
            "supervisor": {"pid": os.getpid()},
            "ready": self._ready,
        }
        if self._demo_loaded:
            told["demo_accounts"] = dict(around.demo_accounts)
        if self._oidc is not None:
            told["oidc"] = self._oidc.told(self.url) | {"pid": self._pid("oidc")}
        return told

    # --- starting ---

    async def _start(self) -> None:
        self._left_over = self.data_dir.state().get("children", {})
        # At once ours, and still naming what a killed supervisor left, should we be killed in turn.
        self._write_state()
        if ended := leftovers.end_all(self._left_over.values()):
            self._note(f"ended {len(ended)} processes that a killed supervisor had left")
        self._left_over = {}
        # Before anything is started; while we start, others may still take it, which the gateway then says.
        if not is_free(self.options.port):
            raise PortBusy(
                f"Port {self.options.port} on {LOOPBACK} is taken{listener(self.options.port)}. "
                "Stop that, or choose another port with --port."
            )
        ports = self._choose_ports()
        made = keys.ensure_platform_secrets(self.data_dir.secrets)
        keys.ensure_service_keys(self.data_dir.secrets, SIGNERS)
        self._demo_loaded = demo.is_loaded(self.data_dir.secrets)
        accounts = made["demo_accounts"] if self.options.demo or self._demo_loaded else {}
        postgres, kafka, _, self._oidc = await together(
            # The libraries are loaded while the database starts.
            self._start_postgres(ports),
            self._start_broker(ports),
            self._runner.prepare(),
            self._start_oidc(ports),
        )
        urls = await asyncio.to_thread(postgres.create_service_databases, *SERVICES)
        self._done("PostgreSQL", f"six databases on port {postgres.port}")
        self._around = Surroundings(
            secrets=self.data_dir.secrets,
            mail=self.data_dir.mail,
            files=self.data_dir.files,
            public_url=self.url,
            gateway_port=self.options.port,
            ports=ports,
            database_urls=urls,
            kafka=kafka,
            identity_secret_key=made["identity_secret_key"],
            demo_accounts=accounts,
            oidc=self._oidc,
        )
        await self._start_processes(postgres)
        oidc.note_offered(self.data_dir.secrets, self._oidc is not None)
        if self.options.demo and not self._demo_loaded:
            await self._approve_demo_instructor()
        self._ready = True
        self._write_state()

    def _choose_ports(self) -> dict[str, int]:
        """Last time's ports where they are free, so that a bookmark or a shell keeps working."""
        wished = self.data_dir.ports()
        names = ["postgres", "broker", *(["oidc"] if self.options.oidc else [])]
        names += [f"{service}-{process}" for service in SERVICES for process in ("api", "worker")]
        chosen: dict[str, int] = {}
        for name in names:
            chosen[name] = choose_port(wished.get(name), taken=[self.options.port, *chosen.values()])
        # What is not started this time keeps its port for the next.
        self.data_dir.write_ports(wished | chosen)
        return chosen

    async def _start_postgres(self, ports: dict[str, int]) -> EmbeddedPostgres:
        self._step("PostgreSQL", "running")
        server = EmbeddedPostgres(
            self.data_dir.postgres,
            port=ports["postgres"],
            max_connections=200,
            durable=self.options.durable,
            log=self.data_dir.logs / "postgres.log",
        )
        start, sign = program(server.command, env=server.environment, cwd=self.data_dir.postgres)

        def prepare() -> None:
            server.prepare()
            # The sessions of a postmaster that was killed are ours now, if we adopt what is orphaned.
            reap_orphans("postgres")

        child = Child(
            name="postgres",
            start=start,
            sign=sign,
            log=server.log,
            prepare=prepare,
            endings=((signal.SIGINT, DRAIN_SECONDS), (signal.SIGQUIT, 5.0)),
        )
        self.supervisor.start(child)

        async def ready() -> bool:
            return server.is_ready()

        await self.supervisor.until(child, ready, within=START_SECONDS, every=0.05)
        return server

    async def _start_broker(self, ports: dict[str, int]) -> Kafka:
        if self.options.kafka is not None:
            self._done("Kafka", f"Apache Kafka at {self.options.kafka}, not ours")
            return Kafka(self.options.kafka, embedded=False)
        self._step("Kafka", "running")
        broker = EmbeddedBroker(
            self.data_dir.broker, port=ports["broker"], log=self.data_dir.logs / "broker.log"
        )
        with_topics: set[str] = set()

        async def make_topics() -> None:
            try:
                await asyncio.to_thread(broker.wait_ready, timeout=5)
                with_topics.add(broker.cluster_id)
            finally:
                self._signal_workers(signal.SIGCONT)

        async def ready() -> bool:
            return broker.cluster_id in with_topics

        start, sign = program(broker.command, env=broker.environment, cwd=self.data_dir.broker)

        async def start_unheard(log: IO[bytes]) -> Process:
            # Tansu lets a topic be written to while it still makes it, and then counts its offsets from zero again:
            # what had been acknowledged is hidden from every reader. So no relay may speak before all topics are made.
            self._signal_workers(signal.SIGSTOP)
            try:
                return await start(log)
            except BaseException:
                self._signal_workers(signal.SIGCONT)
                raise

        child = Child(
            name="broker",
            start=start_unheard,
            sign=sign,
            log=broker.log,
            started=make_topics,
            endings=((signal.SIGTERM, 5.0),),
        )
        self.supervisor.start(child)
        await self.supervisor.until(child, ready, within=START_SECONDS, every=0.05)
        self._done("Kafka", f"the embedded broker on {broker.bootstrap}")
        return Kafka(broker.bootstrap, embedded=True)

    async def _start_oidc(self, ports: dict[str, int]) -> DemoOidc | None:
        """The identity provider to try, where it was asked for."""
        if not self.options.oidc:
            return None
        self._step("identity provider", "running", "to try social login with")
        # Before it is a child: a child that cannot be prepared is only started again.
        await asyncio.to_thread(oidc.ensure_installed)
        made = oidc.ensure_demo(self.data_dir.secrets, ports["oidc"])
        provider = EmbeddedProvider(
            self.data_dir.secrets,
            clients=[made.client(self.url)],
            accounts=made.accounts(),
            port=ports["oidc"],
            log=self.data_dir.logs / "oidc.log",
        )
        start, sign = program(provider.command, env=provider.environment, cwd=self.data_dir.path)
        child = Child(
            name="oidc",
            start=start,
            sign=sign,
            log=provider.log,
            prepare=provider.prepare,
            endings=((signal.SIGTERM, 5.0),),
        )
        self.supervisor.start(child)

        async def ready() -> bool:
            return await status_of(provider.port, oidc.METADATA) == 200

        await self.supervisor.until(child, ready, within=START_SECONDS)
        self._done("identity provider", made.issuer)
        return made

    def _signal_workers(self, number: signal.Signals) -> None:
        """Halt every worker, or let all go on; those not there yet, or no more, are none."""
        for service in SERVICES:
            pid = self._pid(f"{service}-worker")
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    async def _start_processes(self, postgres: EmbeddedPostgres) -> None:
        for service in SERVICES:
            self._step(service, "waiting")
        self._step("gateway", "waiting")
        # More at once than there are cores only makes each slower, and the list tell less.
        turns = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        await together(*(self._start_service(service, postgres, turns) for service in SERVICES))
        self._step("gateway", "running")
        child = self._python_child(
            "gateway", "gateway.main", services.gateway_environment(self._surroundings)
        )
        self.supervisor.start(child)
        await self.supervisor.until(child, lambda: is_ready(self.options.port), within=START_SECONDS)
        self._done("gateway", self.url)

    async def _start_service(
        self, service: str, postgres: EmbeddedPostgres, turns: asyncio.Semaphore
    ) -> None:
        around = self._surroundings
        env = services.service_environment(service, around)
        async with turns:
            self._step(service, "running", "migrations")
            await migrations.upgrade(postgres, service, env, self._runner)
            self._step(service, "running", "processes")
            api = self._python_child(f"{service}-api", f"{service}.main", env)
            worker = self._python_child(f"{service}-worker", f"{service}.worker", env)
            for child in (api, worker):
                self.supervisor.start(child)
            work = [self._until_ready(api, around.ports[api.name])]
            if service == "identity" and self._has_demo_work():
                work.append(demo.make_accounts(self._runner, env, self.data_dir))
            await together(*work)
        # Out of turn: a worker waits for the broker to let it into its group, which costs seconds and no work.
        await self._until_ready(worker, around.ports[worker.name])
        self._done(service, around.url(service))

    def _has_demo_work(self) -> bool:
        """Whether there is something to write into identity's database: demo accounts, or an identity provider that
        is to be offered, or no more."""
        offered = oidc.is_offered(self.data_dir.secrets)
        return (self.options.demo and not self._demo_loaded) or self._oidc is not None or offered

    async def _until_ready(self, child: Child, port: int) -> None:
        await self.supervisor.until(child, lambda: is_ready(port), within=START_SECONDS)

    def _python_child(self, name: str, module: str, env: dict[str, str]) -> Child:
        async def start(output: IO[bytes]) -> Process:
            return await self._runner.start(name, module, [], env=env, cwd=self.data_dir.path, output=output)

        return Child(
            name=name,
            start=start,
            sign=lambda: self._runner.sign(module),
            log=self.data_dir.logs / f"{name}.log",
            endings=((signal.SIGTERM, DRAIN_SECONDS),),
        )

    async def _approve_demo_instructor(self) -> None:
        self._step("demo accounts", "running")
        accounts = self._surroundings.demo_accounts
        await demo.have_instructor_approved(self._runner, self.url, accounts, self.data_dir)
        self._demo_loaded = True
        self._done("demo accounts", ", ".join(accounts))

    # --- ending ---

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if self.stop.is_set():
            self._note("asked twice: everything is killed; nothing committed is lost")
            self.supervisor.kill()
        self.stop.set()

    async def _drain(self) -> None:
        self._note("stopping: the gateway first, then services, workers, broker, database")
        await self.supervisor.end(["gateway"])
        await self.supervisor.end([f"{service}-api" for service in SERVICES])
        await self.supervisor.end([f"{service}-worker" for service in SERVICES])
        await self.supervisor.end(["broker"])
        await self.supervisor.close()
        await self._runner.close()
        self.data_dir.forget_state()

    # --- telling ---

    @property
    def _surroundings(self) -> Surroundings:
        if self._around is None:
            raise StackError("The stack is still starting.")
        return self._around

    def _pid(self, name: str) -> int | None:
        child = self.supervisor.children.get(name)
        return child.pid if child is not None else None

    def _step(self, name: str, state: State, detail: str = "") -> None:
        self.report(Step(name, state, detail))

    def _done(self, name: str, detail: str) -> None:
        self._step(name, "done", detail)

    def _note(self, text: str) -> None:
        with (self.data_dir.logs / "supervisor.log").open("a") as log:
            log.write(f"{stamp()} {text}\n")
        self.report(Step("", "note", text))

    def _write_state(self) -> None:
        """Kept current, so that `status` and `down` know the pids and a later `up` finds what we may leave."""
        me = leftovers.record(os.getpid(), sys.argv[-1] if sys.argv else "")
        state: dict[str, Any] = {"supervisor": me, "gateway": {"url": self.url}, "ready": False}
        if self._around is not None:
            state |= self.status() | {"supervisor": me}
        state["children"] = self._left_over | {
            name: entry
            for name, child in self.supervisor.children.items()
            if child.pid is not None and (entry := leftovers.record(child.pid, child.sign())) is not None
        }
        nursery = self._runner.pid
        if nursery is not None and (entry := leftovers.record(nursery, "lyceum.nursery")) is not None:
            state["children"]["nursery"] = entry
        self.data_dir.write_state(state)


async def together(*work: Coroutine[Any, Any, Any]) -> Sequence[Any]:
    """The results of all; the first failure cancels the others and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in work]
    except BaseExceptionGroup as failures:
        ours, defects = failures.split(StackError)
        if defects is not None or ours is None:
            raise
        first: BaseException = ours
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [task.result() for task in tasks]
