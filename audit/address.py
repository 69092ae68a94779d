"""Addresses of databases' tables, `postgresql://user@host/db?table=reviews`, and the passwords that stand in none.

A password that came in an address is kept in this process's memory and nowhere else: what is shown, written down or
handed on is `Address.shown`, which has none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from urllib.parse import quote, unquote

from audit.errors import InputError, UnknownName

SCHEMES: Mapping[str, str] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+pg8000": "postgresql",
    "sqlite": "sqlite",
}
"""How an address may begin, and the database that it speaks of."""
OWN = ("table", "id")
LIBPQ = ("host", "port", "user", "dbname", "sslmode", "sslrootcert", "connect_timeout")
PASSWORD = re.compile(r"(?<=://)([^\s:]*):\S*(?=@)")
"""One without blanks, wherever it stands in a text, up to the last @; those with blanks are known from `remember`."""
IN_QUERY = re.compile(r"\b(password|passwd|sslpassword|passfile)=[^&\s]*", re.IGNORECASE)
_PASSWORDS: dict[tuple[str, str, int | None, str], str] = {}
"""What stood in addresses; with _TYPED the only state here, since no value that could be written down may hold it."""
_TYPED: set[str] = set()
"""The same with the signs before and behind it, `:password@`, as it was typed and as Python quotes it."""


@dataclass(frozen=True)
class Address:
    """Where a table lies."""

    dialect: str
    user: str = ""
    host: str = ""
    port: int | None = None
    database: str = ""
    """PostgreSQL's database, or SQLite's file."""
    table: str = ""
    id: str = ""
    """The column that names the rows; empty: the primary key."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What libpq calls parameters: sslmode, connect_timeout, …"""

    @property
    def shown(self) -> str:
        """The address as it may be written down."""
        who = f"{quote(self.user, safe='')}@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        path = quote(self.database) if self.dialect == "sqlite" else quote(self.database, safe="")
        where = f"/{path}" if self.database else ""
        asked = {"table": self.table, "id": self.id, **self.options}
        query = "&".join(f"{name}={quote(value, safe='/.')}" for name, value in asked.items() if value)
        return f"{self.dialect}://{who}{self.host}{port}{where}{'?' if query else ''}{query}"

    @property
    def server(self) -> tuple[str, str, int | None, str]:
        """What a password belongs to."""
        return self.user, self.host, self.port, self.database

    @property
    def password(self) -> str | None:
        """The one that stood in the address, else PGPASSWORD, else the one of the password file."""
        kept = _PASSWORDS.get(self.server)
        return kept if kept is not None else os.environ.get("PGPASSWORD") or None


def short(name: str) -> str:
    """The last part of data's path or address; what an address asks for stays, whatever paths stand in it."""
    if "://" not in name:
        return PurePath(name).name or name
    place, mark, asked = name.partition("?")
    return f"{place.rstrip('/').rpartition('/')[2]}{mark}{asked}"


def is_address(where: object) -> bool:
    """Whether it names a table of a database."""
    scheme, found, _ = where.partition("://") if isinstance(where, str) else ("", "", "")
    return bool(found) and (scheme in SCHEMES or scheme.split("+", 1)[0] in SCHEMES)


def parse_address(where: str) -> Address:
    """Read an address, and keep its password where nobody looks. InputError for one that is not whole."""
    remember(where)
    scheme, found, rest = where.partition("://")
    if not found:
        raise InputError(f"{without_passwords(where)}: not an address: write postgresql://…, or sqlite:///FILE")
    if scheme not in SCHEMES:
        driver = f"{scheme.split('+', 1)[0]}://"
        raise InputError(f"{scheme}://…: a driver of one's own is not used; write {driver}…")
    if SCHEMES[scheme] == "sqlite":
        path, _, query = rest.partition("?")
        return _sqlite(where, path, query)
    # at the last @, so that no part of a password that has one is taken for a host
    head, _, tail = rest.rpartition("@")
    if "?" in head:  # it could be an option's: what is a password and what a host is anybody's guess
        raise InputError(f"{scheme}://…: an @ stands behind the ?: write %40 in an option, and %3F in a password")
    tail, _, query = tail.partition("?")
    user, colon, password = head.partition(":")
    host, _, database = tail.partition("/")
    host, port = _host_and_port(scheme, host)
    address = Address("postgresql", unquote(user), host, port, unquote(database))
    said = dict(_pairs(address.shown, query, (*OWN, *LIBPQ)))
    address = replace(
        address,
        user=address.user or said.pop("user", ""),
        host=host or said.pop("host", ""),
        port=port if port is not None else _whole(address.shown, said.pop("port", None)),
        database=address.database or said.pop("dbname", ""),
        table=said.pop("table", ""),
        id=said.pop("id", ""),
    )
    address = _with_socket(replace(address, options=said))
    if colon:
        _PASSWORDS[address.server] = unquote(password)
    return address


def named(where: str, table: str | None = None, id: str | None = None) -> str:  # noqa: A002  the role's name
    """The address with a table and the column that names its rows put into it, and no password."""
    address = parse_address(where)
    for role, said, known in (("table", table, address.table), ("id", id, address.id)):
        if said and known and said != known:
            raise InputError(f"{address.shown}: the address says {role} {known!r}, and {said!r} was named beside it")
    return replace(address, table=table or address.table, id=id or address.id).shown


def remember(*typed: str) -> None:
    """Know the passwords of what was typed, each an address or not, so that no text that quotes one shows it."""
    for one in typed:
        head, found, _ = one.partition(":")[2].lstrip("/").rpartition("@")  # also where the // was forgotten
        password = head.partition(":")[2]
        if found and password:
            _TYPED.update({f":{password}@", f":{repr(password)[1:-1]}@"})


def without_passwords(text: str) -> str:
    """The text with every password in an address left out."""
    for typed in sorted(_TYPED, key=len, reverse=True):
        text = text.replace(typed, "@")
    return IN_QUERY.sub(r"\1=", PASSWORD.sub(r"\1", text))


def from_password_file(host: str, port: int, database: str, user: str) -> str | None:
    """As libpq does: the first line of ~/.pgpass, or of PGPASSFILE, that fits; a file that others may read is not used."""
    path = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    try:
        open_to_others = path.stat().st_mode & 0o077
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    if open_to_others:
        return None
    wanted = (host if host and not host.startswith("/") else "localhost", str(port), database, user)
    for fields in map(_fields, lines):
        if len(fields) == 5 and all(f in ("*", w) for f, w in zip(fields, wanted, strict=False)):
            return fields[4]
    return None


def _fields(line: str) -> list[str]:
    if line.startswith("#"):
        return []
    parts = re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line)
    return [re.sub(r"\\(.)", r"\1", part) for part in parts[:5]]


def _sqlite(where: str, path: str, query: str) -> Address:
    if not path.startswith("/") or path == "/":
        raise InputError(
            f"{without_passwords(where)}: write sqlite:///FILE, or sqlite:////FILE for a path from the root"
        )
    said = dict(_pairs(f"sqlite://{path}", query, OWN))
    return Address("sqlite", database=unquote(path[1:]), table=said.get("table", ""), id=said.get("id", ""))


def _host_and_port(scheme: str, host: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", host)
    if bracketed is None:  # it may be a user and a password, so it is not quoted
        raise InputError(f"{scheme}://…: what stands before the database is no host, or host:port, with user:password@")
    return unquote(bracketed[1]), int(bracketed[2]) if bracketed[2] else None


def _with_socket(address: Address) -> Address:
    """A host that is a folder is the one of the server's socket, which an address has as a parameter."""
    if not address.host.startswith("/"):
        return address
    return replace(address, host="", options={**address.options, "host": address.host})


def _whole(shown: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdigit():
        raise InputError(f"{shown}: port {value!r} is not a whole number")
    return int(value)


def _pairs(shown: str, query: str, known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name == "password":
            raise InputError(f"{shown}: give the password as PGPASSWORD, in ~/.pgpass, or as user:password@")
        if name not in known:
            raise UnknownName.of("option", name, known, where=shown)
        yield name, unquote(value)
