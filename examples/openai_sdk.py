"""Ask a model with the official openai SDK and whichever key the portal says to use.

KEYPORTAL_URL=https://keys.example.com KEYPORTAL_AGENT_KEY=kpa_… python examples/openai_sdk.py "Say hello."
"""

import sys

from openai import OpenAI

from keyportal.client import KeyPortal

MODEL = "gpt-4o-mini"


def ask(portal: KeyPortal, question: str) -> str:
    key = portal.resolve("openai", model=MODEL)
    openai = OpenAI(
        api_key=key.api_key,
        base_url=key.base_url or None,
        organization=key.fields.get("organization"),
        project=key.fields.get("project"),
    )
    with openai, portal.reporting(key):
        answer = openai.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
    return answer.choices[0].message.content or ""


def main() -> None:
    with KeyPortal() as portal:
        print(ask(portal, " ".join(sys.argv[1:]) or "Say hello."))


if __name__ == "__main__":
    main()
