"""One snapshot of a database: `moment` holds it still while one looks at it more than once."""

from __future__ import annotations

import getpass
import os
import socket
import sqlite3
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.address import Address, from_password_file, parse_address
from audit.errors import InputError, StaleError, UnknownName
from audit.sources.places import Place, found

SOCKETS = ("/var/run/postgresql", "/tmp")  # noqa: S108  where libpq looks for a server
PORT = 5432
NOT_READING = (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)


@dataclass(frozen=True)
class Moment:
    """One snapshot of a database: every query of `engine`, however many connections it takes, sees the same rows."""

    place: Place
    engine: Any
    guests: list[Any] = field(default_factory=list)
    """What looks at the table by this engine, and would close its connections if it were collected before the end."""


@contextmanager
def moment(where: str) -> Iterator[Moment]:
    """A table at one moment, read only. While it lasts SQLite lets nobody write, PostgreSQL lets everybody."""
    _need_driver(where)
    address = parse_address(where)
    opened = _sqlite_moment if address.dialect == "sqlite" else _postgresql_moment
    with opened(address) as engine:
        with told(address):
            place = found(address, engine)
        yield Moment(place, engine)


@contextmanager
def _sqlite_moment(address: Address) -> Iterator[Any]:
    """One connection in one transaction that nothing ends: SQLAlchemy's own commits and rollbacks are left out."""
    import sqlalchemy as sa

    path = Path(address.database)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    url = sa.URL.create("sqlite", database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(
        url, poolclass=sa.StaticPool, pool_reset_on_return=None, isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
    )  # fmt: skip
    try:
        with told(address), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()  # from here on it stands still
        held: Any = engine.raw_connection().driver_connection
        held.set_authorizer(_reads)
        if sys.version_info >= (3, 12):  # what stands in "" is a name, and no text if there is none
            held.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, False)
        yield engine
        if not held.in_transaction:
            raise StaleError(f"{address.shown}: its snapshot ended while it was looked at; try again")
    finally:
        engine.dispose()


def _reads(action: int, *_: str | None) -> int:
    """SQLite asks before each statement: none may end the transaction, or open or write another file (VACUUM INTO)."""
    return sqlite3.SQLITE_DENY if action in NOT_READING else sqlite3.SQLITE_OK


@contextmanager
def _postgresql_moment(address: Address) -> Iterator[Any]:
    """A transaction that exports its snapshot, and an engine whose every transaction begins from that."""
    import sqlalchemy as sa

    keeper = sa.create_engine("postgresql+pg8000://", creator=lambda: _connected(address), poolclass=sa.NullPool)
    engine = sa.create_engine("postgresql+pg8000://", creator=lambda: _connected(address))
    repeatable = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    try:
        with told(address):
            holding = keeper.connect()
        with holding:
            with told(address):
                holding.exec_driver_sql(repeatable)
                exported = holding.exec_driver_sql("SELECT pg_export_snapshot()").scalar()

            def begin(connection: Any) -> None:
                connection.exec_driver_sql(repeatable)
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{exported}'")

            sa.event.listen(engine, "begin", begin)
            yield engine
    finally:
        engine.dispose()
        keeper.dispose()


def _need_driver(where: str) -> None:
    from importlib.util import find_spec

    wanted = ["sqlalchemy", *(["pg8000"] if where.startswith("postgres") else [])]
    lacking = [name for name in wanted if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"{parse_address(where).shown}: reading it needs {' and '.join(lacking)}: pip install 'assay[sql]'"
        )


@contextmanager
def told(address: Address) -> Iterator[None]:
    """Whatever the database refuses is one line that says where."""
    import sqlalchemy as sa

    try:
        yield
    except sa.exc.DBAPIError as refused:
        raise InputError(f"{address.shown}: {_reason(refused.orig)}") from None
    except (OSError, sa.exc.SQLAlchemyError) as refused:
        raise InputError(f"{address.shown}: {_reason(refused)}") from None


def _reason(refused: Any) -> str:
    """PostgreSQL's message, which pg8000 hands on as a table of letters, or what was said."""
    if isinstance(refused, OSError):
        return f"cannot be reached: {refused.strerror or refused}"
    said = refused.args[0] if getattr(refused, "args", None) else refused
    return " ".join(str(said.get("M", said) if isinstance(said, dict) else said).split())[:300]


def _connected(address: Address) -> Any:
    """A connection of pg8000, by libpq's conventions where the address is silent."""
    import pg8000.dbapi

    env, said = os.environ, address.options
    port = address.port or _whole("PGPORT", env.get("PGPORT")) or PORT
    host = address.host.strip("[]") or said.get("host") or env.get("PGHOST") or _usual_host(port)
    user = address.user or env.get("PGUSER") or getpass.getuser()
    database = address.database or env.get("PGDATABASE") or user
    password = address.password
    if password is None:
        password = from_password_file(host, port, database, user)
    wait = _whole("connect_timeout", said.get("connect_timeout") or env.get("PGCONNECT_TIMEOUT"))
    secure = _encryption(host, said)
    try:
        with ExitStack() as opened:
            line = opened.enter_context(closing(_socket(host, port, wait)))
            made = pg8000.dbapi.connect(
                user, host=host, database=database, password=password, ssl_context=secure, sock=line,
                application_name="assay",
            )  # fmt: skip
            _can_only_read(made)
            opened.pop_all()  # from here on the connection closes it
            return made
    except AttributeError:  # how pg8000 takes being asked for a password that it has not been given
        if password is not None:
            raise
        raise InputError(
            f"{address.shown}: the server asks for a password, and there is none in PGPASSWORD, ~/.pgpass or the address"
        ) from None


def _can_only_read(made: Any) -> None:
    """A connection's every transaction, and of every text one statement: of several, as the simple protocol takes them,
    one could end the transaction and the next begin another that writes."""
    made.execute_simple("SET default_transaction_read_only = on")
    made.execute_simple = made.execute_unnamed


def _socket(host: str, port: int, wait: int | None) -> socket.socket:
    """A way to the server. pg8000's own would keep the time to wait for it as the longest that a query may take."""
    if host.startswith("/"):
        with ExitStack() as opened:
            made = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            made.connect(f"{host}/.s.PGSQL.{port}")
            opened.pop_all()
            return made
    made = socket.create_connection((host, port), wait or None)
    made.settimeout(None)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


def _whole(name: str, said: str | None) -> int | None:
    if said and not said.isdigit():
        raise InputError(f"{name} is {said!r}, which is not a whole number")
    return int(said) if said else None


def _usual_host(port: int) -> str:
    """The socket of a server of this machine, else its loopback address."""
    return next((folder for folder in SOCKETS if Path(folder, f".s.PGSQL.{port}").exists()), "localhost")


def _encryption(host: str, said: Mapping[str, str]) -> ssl.SSLContext | bool | None:
    """What sslmode asks for, as pg8000 has it: False is none, None is where the server can."""
    mode = said.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"
    modes = ("disable", "prefer", "require", "verify-ca", "verify-full")
    if mode not in modes:
        raise UnknownName.of("sslmode", mode, modes)
    if mode == "disable" or (mode == "prefer" and host.startswith("/")):
        return False
    if mode == "prefer":
        return None
    context = ssl.create_default_context(cafile=said.get("sslrootcert") or os.environ.get("PGSSLROOTCERT"))
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("verify") else ssl.CERT_NONE
    return context
