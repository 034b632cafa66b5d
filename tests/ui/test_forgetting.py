"""The hourly work of the server: it forgets what is old, and goes on after a failure."""

import asyncio
import logging

import pytest

from keyportal import keyportal as root
from keyportal.services import retention
from keyportal.services.portal import Portal
from keyportal.ui.shared.portal import use_portal


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
async def test_a_failure_is_logged_without_its_words_and_tried_again(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_portal(portal)
    done, calls, prune = asyncio.Event(), [], retention.prune

    def failing_once(given: Portal) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise RuntimeError("CANARY")
        prune(given)
        loop.call_soon_threadsafe(done.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(retention, "prune", failing_once)
    monkeypatch.setattr(root, "_FIRST_PRUNE_S", 0.0)
    monkeypatch.setattr(root, "_PRUNE_EVERY_S", 0.0)
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(root._forget_what_is_old())
        await asyncio.wait_for(done.wait(), 10)
        task.cancel()
    assert calls[:2] == [portal, portal]
    assert "RuntimeError" in caplog.text and "CANARY" not in caplog.text
