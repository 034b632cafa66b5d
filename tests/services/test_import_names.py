"""Names in imports: none that could be a key is shown, and none that cannot be stored is asked for."""

import pytest

from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT
from keyportal.services import import_rows, importing
from keyportal.services.import_lines import read_lines
from keyportal.services.import_rows import FreeNames, ImportChoice, decided
from keyportal.services.portal import Portal
from tests.services.support import USER, VALUE
from tests.services.test_importing import look, run, saved


@pytest.mark.parametrize(
    "secret",
    [
        "gsk0aB1cD2eF3gH4iJ5kL6",
        "sk_live_4f9a0b1c2d3e4f5a",
        "hf_abcdefghijklmnop0q1r2s3t",
        "ghp4f9a0b1c2d3e4f5a",
    ],
)
def test_a_variable_that_could_be_a_key_is_never_shown_or_saved(
    portal: Portal, alice: Principal, secret: str
) -> None:
    text = f"\n\nexport {secret} = {VALUE}"
    found = importing.preview(portal, alice, USER, Secret(text))
    assert [(r.variable, r.name) for r in found.rows] == [("", "Imported key, line 3")]
    run(portal, alice, text, ImportChoice(3, "add"))
    assert saved(portal, alice) == {"Imported key, line 3": VALUE}
    assert secret.lower() not in repr(found).lower()


def test_a_refused_line_does_not_show_such_a_variable_either() -> None:
    (refused,) = read_lines(Secret("sk_live_4f9a0b1c2d3e4f5a=short")).refused
    assert refused.name == ""


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "openai_api_key", "openai_api_key_2", "aws_s3_secret", "my_v2_key"]
)
def test_a_plain_variable_is_shown(portal: Portal, alice: Principal, name: str) -> None:
    (row,) = look(portal, alice, f"{name}={VALUE}")
    assert row.variable == name


@pytest.mark.parametrize("name", ["\ud800", "a\x00b"])
def test_a_name_that_cannot_be_stored_is_a_problem_of_its_row(
    portal: Portal, alice: Principal, name: str
) -> None:
    choice = ImportChoice(1, "add", None, name)
    (row,) = look(portal, alice, f"OPENAI_API_KEY={VALUE}", choice)
    assert row.problem == "This text has characters that cannot be stored."
    seen = importing.preview(portal, alice, USER, Secret(f"OPENAI_API_KEY={VALUE}"))
    (again,) = importing.look_again(portal, alice, USER, [decided(seen.rows[0], choice)], seen.lacking)
    assert again.problem == row.problem


def test_free_names_count_on_from_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(import_rows, "name_key", lambda name: looked.append(name) or name.casefold())
    names = FreeNames({"same", "same 2"})
    found = [names.take(("Same", "SAME")[n % 2]) for n in range(300)]
    assert (found[:3], found[-1]) == (["Same 3", "SAME 4", "Same 5"], "SAME 302")
    assert len({name.casefold() for name in found}) == 300
    assert len(looked) < 300 * 5


def test_free_names_fit_and_those_that_begin_alike_are_told_apart() -> None:
    names, long = FreeNames(()), "x" * (NAME_LIMIT - 2)
    found = [names.take(f"{long}{n % 2}") for n in range(40)]
    assert len(set(found)) == 40
    assert max(map(len, found)) <= NAME_LIMIT
