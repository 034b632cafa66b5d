"""Ask a model with the official anthropic SDK, with asyncio, and whichever key the portal says to use.

    pip install anthropic /path/to/keyportal          # the client and httpx, nothing of the server
    export KEYPORTAL_URL=https://keys.example.com     # where the portal is
    export KEYPORTAL_AGENT_KEY=kpa_…                  # from its Agent keys page, with the scope resolve
    python examples/anthropic_sdk.py "Say hello."

Prints the model's answer; the Usage page of the portal then shows one use of the key, reported ok. Where the
portal has no key for it, or cannot be reached within a minute, one line says what to do; it ends with 1.
"""

import asyncio
import sys

from anthropic import AsyncAnthropic
from anthropic.types import TextBlock

from keyportal.client import AsyncKeyPortal, ClientError

MODEL = "claude-haiku-4-5"


async def ask(portal: AsyncKeyPortal, question: str) -> str:
    key = await portal.resolve("anthropic", model=MODEL)
    async with (
        AsyncAnthropic(api_key=key.api_key, base_url=key.base_url or None) as anthropic,
        portal.reporting(key),
    ):
        answer = await anthropic.messages.create(
            model=MODEL, max_tokens=200, messages=[{"role": "user", "content": question}]
        )
    return "".join(block.text for block in answer.content if isinstance(block, TextBlock))


async def main() -> None:
    try:
        async with AsyncKeyPortal() as portal:
            print(await ask(portal, " ".join(sys.argv[1:]) or "Say hello."))
    except ClientError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    asyncio.run(main())
