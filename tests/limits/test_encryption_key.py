"""How many values one encryption key may seal, what a key looks like, and a file that is read."""

import logging
from pathlib import Path

import pytest

from keyportal.domain.errors import StorageUnavailable, UnusableSetting
from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from tests.limits.support import around, number
from tests.services.support import run_sql, save
from tests.support import ENCRYPTION_KEY, make_settings

limit = pytest.mark.limit


def sealed_so_far(portal: Portal, count: int) -> None:
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE encryption_keys SET seals = :count", count=count)


@limit("seals-refuse")
def test_2_31_values_are_too_many(portal: Portal, alice: Principal) -> None:
    found = []
    for count in around("seals-refuse"):
        # With the one that is saved now.
        sealed_so_far(portal, count - 1)
        try:
            save(portal, alice, f"{count}")
        except StorageUnavailable as refusal:
            found.append(refusal.message.partition(".")[0])
        else:
            found.append("")
    too_many = "The encryption key has sealed too many values"
    assert found == ["", too_many, too_many]


@limit("seals-warn")
def test_2_28_values_are_worth_a_warning(
    portal: Portal, alice: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    sealed_so_far(portal, number("seals-warn") - 2)
    found = []
    with caplog.at_level(logging.WARNING):
        for name in ("before", "at", "behind"):
            save(portal, alice, name)
            found.append(len([r for r in caplog.records if "2^28" in r.getMessage()]))
    # Once, and not again with every value.
    assert found == [0, 1, 1]


@limit("document")
def test_a_service_account_s_file_of_64_kib(tmp_path: Path) -> None:
    read = []
    for size in around("document"):
        start, end = '{"type": "service_account", "x": "', '"}'
        file = tmp_path / f"{size}.json"
        file.write_text(start + "x" * (size - len(start) - len(end)) + end)
        settings = make_settings(tmp_path, GOOGLE_APPLICATION_CREDENTIALS=str(file))
        read.append(settings.document("GOOGLE_APPLICATION_CREDENTIALS") is not None)
    assert read == [True, True, False]


@limit("encryption-key")
def test_an_encryption_key_has_64_characters(tmp_path: Path) -> None:
    less, exact, more = ((ENCRYPTION_KEY + "a")[:size] for size in around("encryption-key"))
    assert make_settings(tmp_path, API_KEY_ENCRYPTION_KEY=exact).encryption_key is not None
    for wrong in (less, more):
        with pytest.raises(UnusableSetting, match="64 hex"):
            make_settings(tmp_path, API_KEY_ENCRYPTION_KEY=wrong)
