"""The test tables of the catalogue: what each provider says in each situation, as it documents it.

A new provider is one row in the file of its family. Bodies hold ECHO where a provider repeats a piece
of the key. Where a provider cannot tell a situation on the route that is asked, the row holds what it
answers in truth, and OTHERWISE says what that leads to and why.
"""

from keyportal.domain.checks import Outcome
from tests.fakes.fake_provider import Answer
from tests.fakes.provider_replies.clouds import CLOUDS
from tests.fakes.provider_replies.llm import LLM
from tests.fakes.provider_replies.models import MODEL_REPLIES
from tests.fakes.provider_replies.shapes import ECHO, HTML, MODEL_SITUATIONS, SITUATIONS, ModelRow, Row
from tests.fakes.provider_replies.speech import SPEECH

__all__ = [
    "ECHO",
    "HTML",
    "MODEL_OTHERWISE",
    "MODEL_REPLIES",
    "MODEL_SITUATIONS",
    "OTHERWISE",
    "REPLIES",
    "SITUATIONS",
    "Answer",
    "ModelRow",
    "Row",
]

REPLIES: dict[str, Row] = {**LLM, **SPEECH, **CLOUDS}

_NO_CREDIT_HERE = (Outcome.VALID, "this free route answers without credit, too")
_NO_PERMISSIONS = (Outcome.VALID, "its keys have no permissions to lack")
_NO_CREDIT_AT_ALL = (Outcome.VALID, "there is no credit that could run out")
_SAME_AS_RATE = (Outcome.RATE_LIMITED, "its used-up quota and its rate limit have one code")

OTHERWISE: dict[tuple[str, str], tuple[Outcome, str]] = {
    ("assemblyai", "no_quota"): _NO_CREDIT_HERE,
    ("assemblyai", "restricted"): _NO_PERMISSIONS,
    ("aws_bedrock", "no_quota"): _NO_CREDIT_AT_ALL,
    ("aws_transcribe", "no_quota"): _NO_CREDIT_AT_ALL,
    ("azure_openai", "no_quota"): _NO_CREDIT_HERE,
    ("azure_speech", "no_quota"): _SAME_AS_RATE,
    ("cerebras", "restricted"): _NO_PERMISSIONS,
    ("edenai", "restricted"): (Outcome.UNCHECKED, "a malformed token is answered like that, too"),
    ("google_speech", "no_quota"): _SAME_AS_RATE,
    ("groq", "no_quota"): _NO_CREDIT_HERE,
    ("huggingface", "no_quota"): _NO_CREDIT_HERE,
    ("mistral", "restricted"): _NO_PERMISSIONS,
    ("nona", "no_quota"): _NO_CREDIT_HERE,
    ("nvidia", "no_quota"): _NO_CREDIT_HERE,
    ("ollama", "no_quota"): _NO_CREDIT_AT_ALL,
    ("perplexity", "no_quota"): (Outcome.INVALID, "it refuses as a wrong key; the sentence names both"),
    ("replicate", "no_quota"): _NO_CREDIT_HERE,
    ("speechmatics", "no_quota"): _NO_CREDIT_HERE,
    ("together", "no_quota"): _NO_CREDIT_HERE,
    ("together", "restricted"): _NO_PERMISSIONS,
    ("vertex_ai", "no_quota"): _SAME_AS_RATE,
    ("vllm", "no_quota"): _NO_CREDIT_AT_ALL,
    ("voyage", "no_quota"): _SAME_AS_RATE,
    ("xai", "no_quota"): _NO_CREDIT_HERE,
}

_NO_CODE = (Outcome.UNCHECKED, "only its wording would tell")
_AS_A_PERMISSION = (Outcome.VALID_LIMITED, "it is answered like a missing permission")

MODEL_OTHERWISE: dict[tuple[str, str], tuple[Outcome, str]] = {
    ("anthropic", "no_quota"): _NO_CODE,
    ("aws_bedrock", "no_quota"): _SAME_AS_RATE,
    ("azure_openai", "no_quota"): _SAME_AS_RATE,
    ("cohere", "no_access"): _NO_CODE,
    ("deepseek", "no_access"): _NO_CODE,
    ("gemini", "no_quota"): _SAME_AS_RATE,
    ("groq", "no_quota"): _SAME_AS_RATE,
    ("nvidia", "no_access"): _NO_CODE,
    ("perplexity", "no_quota"): (Outcome.INVALID, "it refuses as a wrong key"),
    ("siliconflow", "no_access"): _NO_CODE,
    ("siliconflow", "no_quota"): _AS_A_PERMISSION,
    ("vertex_ai", "no_quota"): _SAME_AS_RATE,
    ("voyage", "no_access"): _NO_CODE,
    ("voyage", "no_quota"): _SAME_AS_RATE,
    ("xai", "no_access"): _NO_CODE,
    ("xai", "no_quota"): _AS_A_PERMISSION,
}
