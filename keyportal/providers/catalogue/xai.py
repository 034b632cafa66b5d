"""xAI (Grok): facts only. Source: docs.x.ai/docs/api-reference, the route /v1/api-key."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import as_list, as_object

_SWITCHES = ("api_key_blocked", "api_key_disabled", "team_blocked")


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    switches = [found.get(name) for name in _SWITCHES] if found is not None else []
    if found is None or not any(isinstance(switch, bool) for switch in switches):
        return None
    if True in switches:
        return Finding(Outcome.INVALID)
    rights = as_list(found.get("acls"))
    if rights is None:
        return Finding(Outcome.VALID)
    # A key needs a right for a model and one for an endpoint; both have an entry for "all".
    texts = [right for right in rights if isinstance(right, str)]
    is_usable = all(any(f":{kind}:" in text for text in texts) for kind in ("model", "endpoint"))
    return Finding(Outcome.VALID if is_usable else Outcome.VALID_LIMITED)


PROVIDER = Provider(
    id="xai",
    name="xAI (Grok)",
    kind=ProviderKind.LLM,
    keywords=("grok",),
    base_url="https://api.x.ai/v1",
    environment_names=("XAI_API_KEY", "GROK_API_KEY"),
    console_url="https://console.x.ai",
    how_to="Sign in to the xAI console, open API keys, choose Create API key and copy it.",
    preferred_models=("grok-3-mini", "grok-4-fast-non-reasoning", "grok-3"),
    formats=(KeyFormat(label="xai-...", pattern=r"xai-[0-9A-Za-z_]{80}", recognised_by=r"xai-"),),
    check=Check(
        path="/api-key",
        auth=BEARER,
        inspect=_inspect,
        # The request has no parameters: what is bad about it can only be the key.
        rules=(Rule(400, Outcome.INVALID),),
        # Some restricted keys may use models but not look at themselves.
        fallback=MODELS,
        models=MODELS,
        model_check=one_token_chat(),
    ),
)
