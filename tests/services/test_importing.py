"""Importing: what each line becomes, what somebody decides, and all of it or nothing."""

from collections.abc import Sequence

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import Forbidden, InvalidInput, LineRefused
from keyportal.domain.principals import Principal, Scope, anonymous_principal
from keyportal.domain.secret import Secret
from keyportal.services import (
    access,
    agent_keys,
    audit_verification,
    credential_order,
    credentials,
    importing,
    policies,
    provider_edits,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credential_lists import search
from keyportal.services.import_rows import ImportChoice, ImportRow, decided
from keyportal.services.importing import ImportDone
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save
from tests.support import all_text_of

OTHER = "sk-proj-otherT3BlbkFJ0123456789abcd"
GROQ = "gsk_0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"


def look(portal: Portal, who: Principal, text: str, *choices: ImportChoice) -> Sequence[ImportRow]:
    return importing.preview(portal, who, USER, Secret(text), choices).rows


def run(portal: Portal, who: Principal, text: str, *choices: ImportChoice) -> ImportDone:
    return importing.run(portal, who, USER, Secret(text), choices)


def saved(portal: Portal, who: Principal, ownership: Ownership = USER) -> dict[str, str]:
    """Return the values of all keys by name."""
    found = {}
    for view in search(portal, who, ownership).items:
        found[view.name] = open_credential(portal, row_of(portal, view.id)).secret.reveal()
    return found


@pytest.mark.parametrize(
    ("line", "provider", "name"),
    [
        (f"OPENAI_API_KEY={VALUE}", "openai", "OpenAI"),
        (f"openai_api_key={VALUE}", "openai", "OpenAI"),
        (f"MYAPP_OPENAI_API_KEY={VALUE}", "openai", "OpenAI myapp"),
        (f"OPENAI_API_KEY_PROD={VALUE}", "openai", "OpenAI prod"),
        (f"MY_SECRET={GROQ}", "groq", "MY_SECRET"),
        ("STRIPE_SECRET_KEY=sk_live_0123456789", "", "STRIPE_SECRET_KEY"),
        ("GOOGLE_API_KEY=0123456789abcdef", "gemini", "Google Gemini"),
    ],
)
def test_a_provider_is_guessed_from_the_name_and_else_from_the_value(
    portal: Portal, alice: Principal, line: str, provider: str, name: str
) -> None:
    (row,) = look(portal, alice, line)
    assert (row.provider, row.name, row.action, row.problem) == (provider, name, "add", "")


def test_a_value_of_another_provider_and_a_shared_variable_are_remarked(
    portal: Portal, alice: Principal
) -> None:
    rows = look(portal, alice, f"OPENAI_API_KEY={GROQ}\nGOOGLE_API_KEY=0123456789abcdef")
    assert "looks like a key of Groq" in rows[0].note
    assert "may be meant too" in rows[1].note


@pytest.mark.parametrize(
    "line",
    [
        "SENTRY_DSN=https://a@sentry.example/1",
        "GREETING=hello-there-you",
        "MOTTO_KEY=several words here",
        "LOGS=/var/log/x.log",
    ],
)
def test_what_does_not_look_like_a_key_is_offered_and_not_chosen(
    portal: Portal, alice: Principal, line: str
) -> None:
    (row,) = look(portal, alice, line)
    assert (row.action, row.provider) == ("skip", "")
    assert row.note


def test_a_preview_is_masked_and_stores_nothing(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))
    found = importing.preview(portal, alice, USER, Secret(f"OPENAI_API_KEY={VALUE}"))
    assert VALUE not in repr(found)
    assert found.rows[0].mask == f"****...{VALUE[-4:]}"
    assert (saved(portal, alice), len(events(portal))) == ({}, before)


def test_rows_are_imported_sealed_and_audited_one_by_one(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "first")
    before = len(events(portal))
    done = run(portal, alice, f"OPENAI_API_KEY={VALUE}\nX_OPENAI_API_KEY={OTHER}\nGROQ_API_KEY={GROQ}")
    assert (done.added, done.skipped) == (3, 0)
    assert saved(portal, alice) == {"first": VALUE, "OpenAI": VALUE, "OpenAI x": OTHER, "Groq": GROQ}
    said = events(portal)[before:]
    assert [(e.action, e.object_label) for e in said] == [
        ("credential.create", "OpenAI"),
        ("credential.create", "OpenAI x"),
        ("credential.create", "Groq"),
    ]
    assert audit_verification.verify_chain(portal).broken_at is None
    assert VALUE.encode() not in all_text_of(portal)


def test_new_keys_come_last_in_their_chain(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "first")
    run(portal, alice, f"OPENAI_API_KEY={VALUE}\nX_OPENAI_API_KEY={OTHER}")
    chain = credential_order.order_of(portal, alice, USER, "openai").items
    assert [view.name for view in chain] == ["first", "OpenAI", "OpenAI x"]


def test_what_stands_beside_a_key_goes_along_with_it(portal: Portal, alice: Principal) -> None:
    text = (
        "AWS_SECRET_ACCESS_KEY=" + "s" * 40 + "\nAWS_ACCESS_KEY_ID=AKIA0123456789ABCDEF\nAWS_REGION=us-east-1"
    )
    found = importing.preview(portal, alice, USER, Secret(text))
    assert [(r.name, "goes along" in r.reason) for r in found.refused] == [
        ("AWS_ACCESS_KEY_ID", True),
        ("AWS_REGION", True),
    ]
    run(portal, alice, text)
    (view,) = search(portal, alice, USER).items
    assert (view.provider, view.fields["region"]) == ("aws_bedrock", "us-east-1")


def test_a_key_that_lacks_something_is_skipped_until_somebody_decides(
    portal: Portal, alice: Principal
) -> None:
    text = "AWS_SECRET_ACCESS_KEY=" + "s" * 40
    (row,) = look(portal, alice, text)
    assert (row.action, "missing" in row.note) == ("skip", True)
    (row,) = look(portal, alice, text, ImportChoice(1, "add"))
    assert "missing" in row.problem
    with pytest.raises(LineRefused):
        run(portal, alice, text, ImportChoice(1, "add"))
    assert run(portal, alice, text, ImportChoice(1, "add", "", "AWS")).added == 1


def test_a_taken_name_is_skipped_unless_decided_otherwise(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "openai", OTHER)
    text = f"OPENAI_API_KEY={VALUE}"
    (row,) = look(portal, alice, text)
    assert (row.action, row.is_taken, row.choices) == ("skip", True, ("skip", "overwrite", "keep_both"))
    assert run(portal, alice, text).skipped == 1
    assert saved(portal, alice) == {"openai": OTHER}
    both = run(portal, alice, text, ImportChoice(1, "keep_both"))
    assert both.rows[0].name == "OpenAI 2"
    assert saved(portal, alice) == {"openai": OTHER, "OpenAI 2": VALUE}


def test_an_overwritten_key_stays_the_same_key_with_another_value(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "OpenAI", OTHER, note="kept")
    done = run(portal, alice, f"OPENAI_API_KEY={VALUE}", ImportChoice(1, "overwrite"))
    assert (done.added, done.overwritten) == (0, 1)
    now = credentials.get(portal, alice, USER, old.id)
    assert (now.note, now.version, now.mask) == ("kept", old.version + 1, f"****...{VALUE[-4:]}")
    assert saved(portal, alice) == {"OpenAI": VALUE}
    assert (events(portal)[-1].action, events(portal)[-1].details["changed"]) == (
        "credential.update",
        ["api_key"],
    )


def test_a_key_of_another_provider_is_never_overwritten(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "OpenAI", GROQ, provider="groq")
    (row,) = look(portal, alice, f"OPENAI_API_KEY={VALUE}")
    assert row.choices == ("skip", "keep_both")
    with pytest.raises(LineRefused):
        run(portal, alice, f"OPENAI_API_KEY={VALUE}", ImportChoice(1, "overwrite"))
    assert saved(portal, alice) == {"OpenAI": GROQ}


def test_two_lines_with_one_name_are_told_and_both_can_be_kept(portal: Portal, alice: Principal) -> None:
    text = f"OPENAI_API_KEY={VALUE}\nGROQ_API_KEY={GROQ}"
    same = ImportChoice(2, "add", None, "OPENAI")
    rows = look(portal, alice, text, same)
    assert "Line 1 has this name already." in rows[1].problem
    with pytest.raises(LineRefused) as refusal:
        run(portal, alice, text, same)
    assert (refusal.value.line, saved(portal, alice)) == (2, {})
    run(portal, alice, text, ImportChoice(2, "keep_both", None, "OPENAI"))
    assert set(saved(portal, alice)) == {"OpenAI", "OPENAI 2"}


@pytest.mark.parametrize(
    "choice",
    [
        ImportChoice(2, "add", "nobody"),
        ImportChoice(2, "add", None, " "),
        ImportChoice(2, "add", None, "x" * 81),
        ImportChoice(2, "add", None, "a\x00b"),
        ImportChoice(2, "destroy"),
        ImportChoice(2, "overwrite"),
    ],
)
def test_one_bad_row_and_nothing_is_imported(portal: Portal, alice: Principal, choice: ImportChoice) -> None:
    before = len(events(portal))
    with pytest.raises(LineRefused) as refusal:
        run(portal, alice, f"OPENAI_API_KEY={VALUE}\nGROQ_API_KEY={GROQ}", choice)
    assert refusal.value.line == 2
    assert VALUE not in refusal.value.message
    assert (saved(portal, alice), len(events(portal))) == ({}, before)


def test_a_decision_about_no_row_is_refused(portal: Portal, alice: Principal) -> None:
    with pytest.raises(InvalidInput):
        run(portal, alice, f"OPENAI_API_KEY={VALUE}", ImportChoice(7, "add"))


def test_another_text_than_the_one_previewed_is_refused(portal: Portal, alice: Principal) -> None:
    seen = importing.preview(portal, alice, USER, Secret(f"OPENAI_API_KEY={VALUE}"))
    with pytest.raises(InvalidInput):
        importing.run(portal, alice, USER, Secret(f"OPENAI_API_KEY={OTHER}"), digest=seen.digest)
    importing.run(portal, alice, USER, Secret(f"OPENAI_API_KEY={VALUE}"), digest=seen.digest)
    assert saved(portal, alice) == {"OpenAI": VALUE}


def test_a_preview_is_looked_at_again_without_its_text(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "taken")
    seen = importing.preview(portal, alice, USER, Secret(f"OPENAI_API_KEY={VALUE}"))
    changed = [decided(seen.rows[0], ImportChoice(1, "add", None, "TAKEN"))]
    (row,) = importing.look_again(portal, alice, USER, changed, seen.lacking)
    assert (row.is_taken, bool(row.problem)) == (True, True)


def test_one_key_per_provider_holds_for_imports_too(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"one_key_per_provider": True})
    text = f"OPENAI_API_KEY={VALUE}\nX_OPENAI_API_KEY={OTHER}"
    assert [row.action for row in look(portal, alice, text)] == ["add", "skip"]
    with pytest.raises(LineRefused):
        run(portal, alice, text, ImportChoice(2, "add"))
    assert run(portal, alice, text).added == 1
    done = importing.run(portal, root, SYSTEM, Secret(text))
    assert done.added == 2


def test_system_keys_are_imported_by_admins_alone(portal: Portal, alice: Principal, root: Principal) -> None:
    for who in (alice, anonymous_principal()):
        for act in (importing.preview, importing.run):
            with pytest.raises(Forbidden):
                act(portal, who, SYSTEM, Secret(f"OPENAI_API_KEY={VALUE}"))
    importing.run(portal, root, SYSTEM, Secret(f"OPENAI_API_KEY={VALUE}"))
    assert saved(portal, root, SYSTEM) == {"OpenAI": VALUE}


def test_somebody_elses_names_are_no_obstacle_and_no_target(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    save(portal, alice, "OpenAI", OTHER)
    (row,) = look(portal, bob, f"OPENAI_API_KEY={VALUE}")
    assert row.choices == ("add", "skip")
    run(portal, bob, f"OPENAI_API_KEY={VALUE}")
    assert (saved(portal, alice), saved(portal, bob)) == ({"OpenAI": OTHER}, {"OpenAI": VALUE})


def test_an_agent_that_may_only_read_imports_nothing(portal: Portal, alice: Principal) -> None:
    token = agent_keys.create(portal, alice, NewAgentKey("reader", [Scope.KEYS_READ])).token.reveal()
    reader = access.require_agent(portal, token)
    with pytest.raises(Forbidden):
        run(portal, reader, f"OPENAI_API_KEY={VALUE}")


def test_a_provider_that_is_off_takes_nothing(portal: Portal, alice: Principal, root: Principal) -> None:
    provider_edits.set_enabled(portal, root, "openai", False)
    (row,) = look(portal, alice, f"OPENAI_API_KEY={VALUE}")
    assert (row.provider, row.action, row.note) == ("", "skip", "OpenAI is turned off here.")
    with pytest.raises(LineRefused):
        run(portal, alice, f"OPENAI_API_KEY={VALUE}", ImportChoice(1, "add", "openai"))
