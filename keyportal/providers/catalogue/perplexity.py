"""Perplexity: facts only. Source: docs.perplexity.ai/api-reference/chat-completions-post.

It has no free route for a key, so the check is itself a question with an answer of one token.
"""

from dataclasses import replace

from keyportal.domain.checks import Outcome
from keyportal.providers.base import KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import chat_body, one_token_chat

_MODEL = "sonar"
# Its refusals are pages.
_RULES = (Rule(401, Outcome.INVALID),)

PROVIDER = Provider(
    id="perplexity",
    name="Perplexity",
    kind=ProviderKind.LLM,
    keywords=("sonar",),
    base_url="https://api.perplexity.ai",
    environment_names=("PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"),
    console_url="https://console.perplexity.ai",
    how_to=(
        "Sign in, open API keys, choose Generate and copy the key. Perplexity has no free check: each test "
        "costs one short answer."
    ),
    refused_also="its credit is used up",
    preferred_models=(_MODEL,),
    formats=(KeyFormat(label="pplx-...", pattern=r"pplx-[A-Za-z0-9]{48}", recognised_by=r"pplx-"),),
    check=replace(
        one_token_chat(body=chat_body(_MODEL), rules=_RULES), model_check=one_token_chat(rules=_RULES)
    ),
)
