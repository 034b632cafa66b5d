"""Ask a model with the official anthropic SDK, with asyncio, and whichever key the portal says to use.

KEYPORTAL_URL=https://keys.example.com KEYPORTAL_AGENT_KEY=kpa_… python examples/anthropic_sdk.py "Say hello."
"""

import asyncio
import sys

from anthropic import AsyncAnthropic
from anthropic.types import TextBlock

from keyportal.client import AsyncKeyPortal

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
    async with AsyncKeyPortal() as portal:
        print(await ask(portal, " ".join(sys.argv[1:]) or "Say hello."))


if __name__ == "__main__":
    asyncio.run(main())
