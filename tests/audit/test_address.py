"""An address finds its table, and never shows a password."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.address import from_password_file, is_address, named, parse_address, remember, short, without_passwords
from audit.errors import InputError, UnknownName


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("postgresql://ann@/shop?table=reviews&host=/run/pg", "shop?table=reviews&host=/run/pg"),
        ("postgresql:///?table=reviews&host=/run/pg", "postgresql:?table=reviews&host=/run/pg"),
        ("sqlite:///some/file.db?table=a/b", "file.db?table=a/b"),
        ("s3://bucket/parts/", "parts"),
        ("some/pets/", "pets"),
        ("a?b/c.csv", "c.csv"),
        ("digits", "digits"),
        ("/", "/"),
    ],
)
def test_what_an_address_asks_for_is_no_path(name, said):
    assert short(name) == said


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://ann@db.example:6543/shop?table=reviews&id=nr",
        "postgresql://db.example/shop?table=public.reviews",
        "postgresql://ann%40home@[::1]:5432/a%2Fb?table=My%20Order",
        "postgresql:///shop?table=t&sslmode=verify-full&connect_timeout=3",
        "postgresql://?table=t&host=/run/pg",
        "sqlite:///some/file.db?table=reviews&id=nr",
        "sqlite:////tmp/a%20b.db?table=a%26b",
    ],
)
def test_what_is_shown_leads_to_the_same_table(where):
    address = parse_address(where)

    assert address.shown == where
    assert parse_address(address.shown) == address


def test_the_parts_of_an_address():
    address = parse_address("postgres://ann@db.example:6543/shop?table=My%20Order&id=nr&sslmode=require")

    assert (address.dialect, address.user, address.host, address.port) == ("postgresql", "ann", "db.example", 6543)
    assert (address.database, address.table, address.id) == ("shop", "My Order", "nr")
    assert address.options == {"sslmode": "require"}
    assert parse_address("sqlite:///a/b.db").database == "a/b.db"
    assert parse_address("sqlite:////a/b.db").database == "/a/b.db"


def test_a_socket_is_a_host_however_it_is_written():
    assert parse_address("postgresql://ann@%2Frun%2Fpg/shop") == parse_address("postgresql://ann@/shop?host=/run/pg")


@pytest.mark.parametrize(
    "secret", ["geheim", "p@ss", "a:b", "p%40ss", "per/cent", "q%3Fx=1", "", "geheim@@", "ge heim"]
)
@pytest.mark.parametrize("user", ["ann", "ann@corp", "a/b@c", ""])
def test_a_password_is_in_nothing_that_could_be_shown(secret, user):
    where = f"postgresql://{user}:{secret}@db.example/shop?table=t"
    address = parse_address(where)
    said = [address.shown, repr(address), str(address), named(where), without_passwords(f"assay gate {where} -o x")]

    assert address.host == "db.example"
    assert address.password is not None
    assert not secret or not any(secret in text for text in said)
    assert without_passwords(f"assay gate {where} -o x") == f"assay gate {where.replace(f':{secret}@', '@')} -o x"


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=1, max_size=12)


@given(WORDS, WORDS, WORDS, WORDS, WORDS)
def test_any_names_and_passwords_survive_an_address(user, password, database, table, id_):
    parts = [quote(part, safe="") for part in (user, password, database, table, id_)]
    address = parse_address("postgresql://{}:{}@h.example/{}?table={}&id={}".format(*parts))

    assert (address.user, address.database, address.table, address.id) == (user, database, table, id_)
    assert address.password == password
    assert parse_address(address.shown) == address
    assert is_address(address.shown)
    assert without_passwords(address.shown) == address.shown


def test_what_was_typed_is_known_by_its_password_and_the_rest_of_a_text_is_left():
    typed = "POSTGRESQL://a user:two 'words\\@h/db"
    remember(typed, "s.toml", "x@y")

    assert without_passwords(f"no file {typed}, nor {typed!r}; x@y") == (
        'no file POSTGRESQL://a user@h/db, nor "POSTGRESQL://a user@h/db"; x@y'
    )
    assert without_passwords("see http://a.b:80/c, two 'words, x@y") == "see http://a.b:80/c, two 'words, x@y"
    assert without_passwords("host=h user=u password=geheim dbname=d") == "host=h user=u password= dbname=d"


def test_a_password_is_kept_for_its_server_alone():
    parse_address("postgresql://kept:one%20two@here.example/shop")

    assert parse_address("postgresql://kept@here.example/shop?table=t").password == "one two"
    assert parse_address("postgresql://kept@there.example/shop").password is None
    assert parse_address("postgresql://other@here.example/shop").password is None


def test_a_password_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "from outside")
    assert parse_address("postgresql://env@here.example/shop").password == "from outside"


def test_the_password_file_is_read_as_libpq_reads_it(monkeypatch, tmp_path):
    path = tmp_path / "pgpass"
    path.write_text(
        "# mine\nother:*:*:ann:no\nhere:5432:a\\:b:ann:se\\:c\\\\ret\n*:*:*:ann:any\nlocalhost:1:*:x:socket\n"
    )
    path.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(path))

    assert from_password_file("here", 5432, "a:b", "ann") == "se:c\\ret"
    assert from_password_file("there", 5432, "db", "ann") == "any"
    assert from_password_file("/run/pg", 1, "db", "x") == "socket"
    assert from_password_file("here", 5432, "db", "bob") is None
    path.chmod(0o644)
    assert from_password_file("there", 5432, "db", "ann") is None


def test_a_table_is_put_into_an_address_once():
    assert named("sqlite:///a.db", "t", "nr") == "sqlite:///a.db?table=t&id=nr"
    assert named("sqlite:///a.db?table=t", "t") == "sqlite:///a.db?table=t"
    with pytest.raises(InputError, match="the address says table 't', and 'u' was named beside it"):
        named("sqlite:///a.db?table=t", "u")


@pytest.mark.parametrize(
    ("where", "kind", "said"),
    [
        (
            "postgresql+psycopg2://ann:geheim@h/db",
            InputError,
            r"a driver of one's own is not used; write postgresql://",
        ),
        ("postgresql://ann:geheim@h:x/db", InputError, "is no host, or host:port"),
        ("postgresql://ann:geheim/db", InputError, "is no host, or host:port"),
        ("postgresql://ann:geheim@h/db?id=e@mail.example", InputError, r"an @ stands behind the \?"),
        ("postgresql://ann:q?geheim@h/db", InputError, r"%3F in a password"),
        ("postgresql://h/db?id=e@mail.example", InputError, "write %40 in an option"),
        ("postgresql://ann@corp:geheim@h/db?tabel=t", UnknownName, "no option 'tabel'"),
        ("postgresql://ann:mein geheim@h/db?tabel=t", UnknownName, "no option 'tabel'"),
        ("postgresql://ann:mein geheim@h/db?port=x", InputError, "port 'x' is not a whole number"),
        ("postgresql+psycopg2://ann:mein geheim@h/db", InputError, "a driver of one's own"),
        ("postgresql:ann:geheim@h/db", InputError, "not an address"),
        ("sqlite://ann:mein geheim@h/db", InputError, "write sqlite:///FILE"),
        ("postgresql://ann:geheim@h/db?tabel=t", UnknownName, "no option 'tabel'; .* did you mean 'table'"),
        ("postgresql://h/db?password=geheim", InputError, "give the password as PGPASSWORD"),
        ("postgresql://h/db?port=x", InputError, "port 'x' is not a whole number"),
        ("sqlite://file.db", InputError, "write sqlite:///FILE"),
        ("sqlite:///", InputError, "write sqlite:///FILE"),
        ("sqlite:file.db", InputError, "not an address"),
        ("sqlite:///a.db?sslmode=require", UnknownName, "no option 'sslmode'"),
    ],
)
def test_an_address_that_is_not_whole_is_refused_without_its_password(where, kind, said):
    with pytest.raises(kind, match=said) as refused:
        parse_address(where)
    assert "geheim" not in str(refused.value)


def test_what_is_an_address():
    assert is_address("postgresql://h/d")
    assert is_address("postgresql+psycopg2://h/d")
    assert is_address("sqlite:///d")
    assert not any(map(is_address, ["digits", "planted:digits", "a/b.csv", "https://h/d", "mysql://h/d", 3, None]))
