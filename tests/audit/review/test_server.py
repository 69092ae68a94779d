"""Who is let in, what an answer becomes, and that nothing that was answered is ever lost."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from audit.review.journal import Reviewed, journal_of
from tests.audit.review.served import case


def lines_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "review/decisions.jsonl").read_text().splitlines()]


class TestDoor:
    def test_with_the_token_the_page_is_there_and_holds_nothing_of_the_data_but_its_name(self, shared):
        server, made = shared
        status, page = server.ask("")
        assert status == 200
        assert "notes &lt;b&gt;&amp;.csv" in page
        assert "<b>&.csv" not in page
        assert made.data.texts[0][:6] not in page

    @pytest.mark.parametrize(
        "path",
        ["/", "/state", "//state", "/{other}/state", "/{token}x/state", "/{short}/state", "/../{token}/state", "/%00/",
         "/{upper}/state"],
    )  # fmt: skip
    def test_without_the_token_everything_is_refused(self, shared, path):
        server, _ = shared
        token = server.token
        path = path.format(other="x" * len(token), token=token, short=token[:-1], upper=token.swapcase())
        assert server.ask("", raw=path)[0] == 403
        assert server.ask("", {"row": "n1"}, raw=path)[0] == 403

    @pytest.mark.parametrize(
        "path",
        ["../audit.json", "..%2f..%2fetc/passwd", "%2e%2e/audit.json", "/etc/passwd", "review/decisions.jsonl",
         "..\\audit.json", "review.css/../../audit.json", "page/review.html", "review.html"],
    )  # fmt: skip
    def test_no_address_reads_a_file(self, shared, path):
        server, _ = shared
        status, answer = server.ask(path)
        assert status in (403, 404)
        assert "fingerprint" not in str(answer)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "evil.example"},
            {"Host": "evil.example:80"},
            {"Host": ""},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site"},
        ],
    )
    def test_another_name_or_another_site_is_refused(self, shared, headers):
        server, made = shared
        assert server.ask("state", **headers)[0] in (400, 403)
        assert server.ask("decide", {"id": "1", "row": "n1", "verdict": "keep"}, **headers)[0] in (400, 403)
        assert not (made.folder / "review").exists()

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": ""}, {"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"}],
    )
    def test_a_post_must_be_json_from_the_page_itself(self, shared, headers):
        server, made = shared
        assert server.ask("decide", {"id": "1", "row": "n1", "verdict": "keep"}, **headers)[0] == 403
        assert not (made.folder / "review").exists()

    def test_a_browser_is_told_to_load_from_here_only(self, shared):
        server, _ = shared
        server.ask("")
        policy = server.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert server.headers["cache-control"] == "no-store"
        assert server.headers["referrer-policy"] == "no-referrer"

    def test_it_listens_on_this_machine_only(self, shared):
        server, _ = shared
        table = Path("/proc/net/tcp")
        if not table.exists():
            pytest.skip("only Linux tells who listens where")
        ends = [line.split()[1].split(":") for line in table.read_text().splitlines()[1:]]
        assert {host for host, port in ends if int(port, 16) == server.port} == {"0100007F"}

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"{", "not JSON"),
            (b"[1]", "a JSON object"),
            (b"{" * 70_000, "at most 65,536 bytes"),
            ({"id": "1", "row": "n1", "verdict": "burn"}, "no verdict 'burn'"),
            ({"id": "1", "row": "nowhere", "verdict": "keep"}, "no row 'nowhere'"),
            ({"id": "1", "row": ["n1"], "verdict": "keep"}, "no row"),
            ({"id": "1", "row": "n1", "verdict": "relabel", "label": "neither"}, "no class 'neither'"),
            ({"id": "1", "row": "n1", "verdict": "relabel"}, "label must be a text"),
            ({"id": "", "row": "n1", "verdict": "keep"}, "id must be a text"),
            ({"id": "1", "row": "n1", "verdict": "keep", "seconds": -1}, "seconds must be"),
            ({"id": "1", "row": "n1", "verdict": "keep", "seconds": 10**400}, "seconds must be"),
            (b'{"id": "1", "row": "n1", "verdict": "keep", "seconds": 1%s}' % (b"0" * 5000), "not JSON"),
            ({"id": "\ud800", "row": "n1", "verdict": "keep"}, "id must be a text"),
            ({"id": "1", "row": "\ud800", "verdict": "keep"}, "no row"),
            ({"id": "1", "row": "n1", "verdict": "relabel", "label": "\ud800"}, "label must be a text"),
            ({"id": "1", "undo": "2", "row": "n1"}, "a decision is expected"),
        ],
    )
    def test_what_is_no_decision_is_refused_and_not_written(self, shared, body, said):
        server, made = shared
        status, answer = server.ask("decide", body)
        assert status == 400
        assert said in answer["error"]
        assert not (made.folder / "review").exists()


def test_every_answer_is_on_disk_before_it_is_acknowledged_and_says_who_what_and_when(tmp_path, serve):
    made = case(tmp_path)
    server = serve(made.folder, made.csv, "--reviewer", "ann")
    row = server.ask("state")[1]["row"]
    suggested = row["suggestion"]
    answer = server.decide(row["row"], "relabel", suggested)
    head, line = lines_of(made.folder)
    assert head["data"] == made.data.fingerprint
    assert {k: line[k] for k in ("row", "verdict", "label", "reviewer")} == {
        "row": row["row"], "verdict": "relabel", "label": suggested, "reviewer": "ann",
    }  # fmt: skip
    assert line["at"].startswith("20")
    assert answer["done"] == 1
    assert answer["row"]["row"] != row["row"]


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path, serve):
    made = case(tmp_path)
    one = serve(made.folder, made.csv, "--reviewer", "ann")
    row, seen = one.ask("state")[1]["row"], []
    for _ in range(20):
        seen.append(row["row"])
        row = one.decide(row["row"], "keep")["row"]
    one.process.send_signal(signal.SIGKILL)
    one.process.wait()
    with (made.folder / "review/decisions.jsonl").open("a") as file:
        file.write('{"id": "half", "row": "n')  # what a killed process may leave behind

    other = serve(made.folder, made.csv, "--reviewer", "ann")
    state = other.ask("state")[1]
    assert (state["done"], state["row"]["row"]) == (20, row["row"])
    other.decide(row["row"], "drop")
    assert [line["row"] for line in lines_of(made.folder)[1:]] == [*seen, row["row"]]


def test_two_reviewers_in_two_processes_and_two_tabs_each_lose_nothing(tmp_path, serve):
    made = case(tmp_path)
    servers = [serve(made.folder, made.csv, "--reviewer", name) for name in ("ann", "bob")]
    rows = list(made.report["labels"].findings.index)[:30]

    def tab(server, mine):
        for row in mine:
            server.decide(row, "keep")

    tabs = [threading.Thread(target=tab, args=(s, rows[k::2])) for s in servers for k in (0, 1)]
    for t in tabs:
        t.start()
    for t in tabs:
        t.join()
    lines = lines_of(made.folder)[1:]
    assert Counter((line["reviewer"], line["row"]) for line in lines) == {
        (n, r): 1 for n in ("ann", "bob") for r in rows
    }
    assert [s.ask("state")[1]["done"] for s in servers] == [30, 30]


def test_the_last_word_on_a_row_stands_and_an_undo_brings_back_the_one_before(answered):
    server, made = answered
    row = server.ask("state")[1]["row"]["row"]
    server.decide(row, "keep", id="first")
    server.decide(row, "drop", id="second")
    journal = journal_of(made.folder, Reviewed(made.data.fingerprint, ""))
    assert journal.by("ann", row).verdict == "drop"
    status, answer = server.ask("undo", {"id": "u1", "undo": "second", "row": row})
    assert status == 200
    assert answer["row"]["row"] == row
    journal.refresh()
    assert journal.by("ann", row).verdict == "keep"
    server.ask("undo", {"id": "u2", "undo": "first", "row": row})
    journal.refresh()
    assert journal.by("ann", row) is None
    assert len(lines_of(made.folder)) == 5  # the head, two decisions, two undos: nothing is taken out


def test_an_answer_sent_twice_is_written_once(answered):
    server, made = answered
    row = server.ask("state")[1]["row"]["row"]
    before = len(lines_of(made.folder)) if (made.folder / "review").exists() else 1
    for _ in range(3):
        server.decide(row, "keep", id="again")
    assert len(lines_of(made.folder)) == before + 1


def test_beside_a_row_stand_its_nearest_rows_of_either_label_by_the_report_or_the_data(answered):
    server, made = answered
    deadline = time.monotonic() + 60
    while (row := server.ask("state")[1]["row"])["near"] == [] and time.monotonic() < deadline:
        time.sleep(0.1)
    near = [n for n in row["near"] if n["aside"]]
    assert [n["heading"] for n in row["near"]] == [f"nearest labelled {row[k]}" for k in ("given", "suggested")]
    for n in near:
        other = n["aside"].split(",")[0].removeprefix("row ")
        assert other != row["row"]
        assert f"nearest labelled {made.data.given[other]}" == n["heading"]
        assert n["shown"]["text"].startswith(f"note {other[1:]} ")
    assert near
    assert "nearest, " in {f["what"]: f["said"] for f in row["facts"]}["Nearest rows"]
