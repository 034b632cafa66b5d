"""One clock for many who wait: who is late is told so, and nobody else."""

import asyncio

import pytest

from keyportal.api.deadlines import SharedDeadline


async def test_what_never_comes_is_given_up_and_what_comes_is_passed_on() -> None:
    deadline = SharedDeadline(0.05)
    never = asyncio.get_running_loop().create_future()
    given_up, came = await asyncio.gather(
        deadline.wait_for(never), deadline.wait_for(asyncio.sleep(0, "here")), return_exceptions=True
    )
    assert (type(given_up), came) == (TimeoutError, "here")
    # The clock starts anew for whoever comes later.
    with pytest.raises(TimeoutError):
        await deadline.wait_for(asyncio.get_running_loop().create_future())


async def test_a_caller_s_own_error_is_passed_on() -> None:
    async def fails() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await SharedDeadline(1).wait_for(fails())


async def test_a_cancel_from_elsewhere_is_no_timeout() -> None:
    never = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(SharedDeadline(60).wait_for(never))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_after_a_timeout_the_task_can_go_on() -> None:
    async def slow_then_well() -> str:
        try:
            await SharedDeadline(0.02).wait_for(asyncio.get_running_loop().create_future())
        except TimeoutError:
            return await asyncio.sleep(0, "went on")
        return "came"

    assert await asyncio.create_task(slow_then_well()) == "went on"
