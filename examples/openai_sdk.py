"""Ask a model with the official openai SDK and whichever key the portal says to use.

    pip install openai /path/to/keyportal             # the client and httpx, nothing of the server
    export KEYPORTAL_URL=https://keys.example.com     # where the portal is
    export KEYPORTAL_AGENT_KEY=kpa_…                  # from its Agent keys page, with the scope resolve
    python examples/openai_sdk.py "Say hello."

Prints the model's answer; the Usage page of the portal then shows one use of the key, reported ok. Where the
portal has no key for it, or cannot be reached within a minute, one line says what to do; it ends with 1.
"""

import sys

from openai import OpenAI

from keyportal.client import ClientError, KeyPortal

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
    try:
        with KeyPortal() as portal:
            print(ask(portal, " ".join(sys.argv[1:]) or "Say hello."))
    except ClientError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
