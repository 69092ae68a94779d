"""Tables at addresses: read by pyarrow's file systems, here from a stand-in for S3 on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from audit.cli import run
from audit.errors import InputError
from audit.large.read.places import files_of, is_remote, place_of
from audit.large.read.table import open_data, open_table
from audit.large.run import audit_blocks
from audit.report import Report
from audit.sources.roles import Named
from audit.suite import parse_suite
from tests.audit.large.data import table, write

NONE = parse_suite({}, name="none")


class Objects(BaseHTTPRequestHandler):
    """As much of S3 as reading asks for: objects, parts of them, and what begins with a name."""

    folder: Path

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """How long an object is."""
        self._object(body=False)

    def do_GET(self) -> None:
        """An object or a list of them."""
        asked = parse_qs(urlsplit(self.path).query)
        if "list-type" in asked:
            self._list(asked.get("prefix", [""])[0])
        else:
            self._object(body=True)

    def _object(self, *, body: bool) -> None:
        file = self.folder / urlsplit(self.path).path.strip("/")
        if not file.is_file():
            self._send(404, b"")
            return
        whole = file.read_bytes()
        said = self.headers.get("Range")
        if said is None:
            self._send(200, whole if body else b"", len(whole))
            return
        low, high = (int(x) for x in said.removeprefix("bytes=").split("-"))
        self._send(206, whole[low : high + 1], more={"Content-Range": f"bytes {low}-{high}/{len(whole)}"})

    def _list(self, prefix: str) -> None:
        bucket = self.folder / urlsplit(self.path).path.strip("/")
        names = sorted(str(p.relative_to(bucket)) for p in bucket.rglob("*") if p.is_file())
        found = [n for n in names if n.startswith(prefix)]
        entries = "".join(
            f"<Contents><Key>{escape(n)}</Key><Size>{(bucket / n).stat().st_size}</Size>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for n in found
        )
        said = f"<ListBucketResult><KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        self._send(200, said.encode())

    def _send(self, status: int, body: bytes, length: int | None = None, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body) if length is None else length), "ETag": '"1"', **(more or {})}
        for name, value in {**headers, "Last-Modified": formatdate(0, usegmt=True)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def bucket(tmp_path, monkeypatch) -> Iterator[tuple[Path, str]]:
    """A bucket's folder, and what follows an address in it."""
    (tmp_path / "bucket").mkdir()
    handler = type("Here", (Objects,), {"folder": tmp_path})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "any"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    yield tmp_path / "bucket", f"?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def measures(where: str) -> dict[str, float]:
    data = open_data(open_table(place_of(where)), Named(label="y"))
    return audit_blocks(data, suite=NONE, run=map, memory=1 << 30).report.measures


def test_a_table_in_s3_is_audited_as_the_same_file_here(bucket):
    folder, more = bucket
    data, _ = write(folder / "parts", *table())
    (folder / "parts/model.parquet").unlink()
    (folder / "parts/_SUCCESS.parquet").write_bytes(b"")

    here = measures(str(data))
    assert here["duplicates.exact.count"] == 3
    assert measures(f"s3://bucket/parts/data.parquet{more}") == here
    assert measures(f"s3://bucket/parts{more}") == here
    assert measures(f"file://{folder}/parts/data.parquet") == here


def test_the_command_reads_an_address_in_blocks(tmp_path):
    data, model = write(tmp_path, *table())
    said = ["audit", f"file://{data}", "--label", "y", "--pred-probs", str(model), "-o", str(tmp_path / "report")]
    assert run(said) == 0
    assert Report.read(tmp_path / "report")["duplicates"].measures["exact.count"] == 3


def test_what_is_not_there_is_said_in_one_line(bucket):
    _, more = bucket
    with pytest.raises(InputError, match=r"s3://bucket/none.parquet: only Parquet can be audited block by block"):
        open_table(place_of(f"s3://bucket/none.parquet{more}"))
    with pytest.raises(InputError, match=r"no address that can be read"):
        place_of("s3://bucket/x?colour=red")
    with pytest.raises(InputError, match=r"s3://…@bucket/x: keys belong into the environment") as refused:
        place_of("s3://key:secret@bucket/x")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("said", ["data.parquet", "digits", "planted:digits", "postgresql://host/db", "s3/x", "C:\\x"])
def test_other_names_are_no_addresses_of_files(said):
    assert not is_remote(said)


def test_files_here_are_found_as_before(tmp_path):
    data, model = write(tmp_path, *table())
    assert files_of(tmp_path) == [data, model]
    assert files_of(data) == [data]
    assert files_of(tmp_path / "data.csv") == []
