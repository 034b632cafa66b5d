"""The variables in which programs look for each provider's key, by the provider's id. Data only.

The same names as in the portal's catalogue, which an installed client does not have: a test compares them.
What the SDKs read besides is from the client constructors of the openai and anthropic packages for Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variables:
    """`names` hold the key itself, `files` the name of a file with it.

    `fields` hold what stands beside the key, by the field's name. `address` takes where the provider is,
    if that is not its `usual_address`. `rivals` hold credentials of another kind, which an SDK would use
    together with the key or instead.
    """

    names: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    address: str = ""
    usual_address: str = ""
    rivals: tuple[str, ...] = ()


_AWS = {
    "access_key_id": ("AWS_ACCESS_KEY_ID",),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "session_token": ("AWS_SESSION_TOKEN",),
}

KNOWN: Mapping[str, Variables] = {
    "anthropic": Variables(
        ("ANTHROPIC_API_KEY",),
        address="ANTHROPIC_BASE_URL",
        usual_address="https://api.anthropic.com",
        rivals=("ANTHROPIC_AUTH_TOKEN",),
    ),
    "assemblyai": Variables(("ASSEMBLYAI_API_KEY", "AAI_API_KEY"), {"region": ("ASSEMBLYAI_REGION",)}),
    "aws_bedrock": Variables(("AWS_BEARER_TOKEN_BEDROCK", "AWS_SECRET_ACCESS_KEY"), _AWS),
    "aws_transcribe": Variables(("AWS_SECRET_ACCESS_KEY",), _AWS),
    "azure_openai": Variables(
        ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
        {
            "resource": ("AZURE_OPENAI_RESOURCE",),
            "api_version": ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
            "deployment": ("AZURE_OPENAI_DEPLOYMENT",),
        },
        address="AZURE_OPENAI_ENDPOINT",
        usual_address="https://{resource}.openai.azure.com",
        rivals=("AZURE_OPENAI_AD_TOKEN",),
    ),
    "azure_speech": Variables(
        ("AZURE_SPEECH_KEY", "SPEECH_KEY"), {"region": ("AZURE_SPEECH_REGION", "SPEECH_REGION")}
    ),
    "cerebras": Variables(("CEREBRAS_API_KEY",)),
    "cohere": Variables(("CO_API_KEY", "COHERE_API_KEY")),
    "dashscope": Variables(("DASHSCOPE_API_KEY", "QWEN_API_KEY"), {"region": ("DASHSCOPE_REGION",)}),
    "deepgram": Variables(("DEEPGRAM_API_KEY",)),
    "deepseek": Variables(("DEEPSEEK_API_KEY",)),
    "edenai": Variables(("EDENAI_API_KEY", "EDEN_AI_API_KEY", "ROUNDTABLE_EDEN_AI_API_KEY")),
    "elevenlabs": Variables(("ELEVENLABS_API_KEY", "XI_API_KEY"), {"region": ("ELEVENLABS_REGION",)}),
    "fireworks": Variables(("FIREWORKS_API_KEY",)),
    "gemini": Variables(("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "gladia": Variables(("GLADIA_API_KEY",)),
    "google_speech": Variables(
        ("GOOGLE_SPEECH_API_KEY", "GOOGLE_API_KEY"),
        {"project": ("GOOGLE_CLOUD_PROJECT", "VERTEX_PROJECT")},
        files=("GOOGLE_APPLICATION_CREDENTIALS",),
    ),
    "groq": Variables(("GROQ_API_KEY",)),
    "huggingface": Variables(("HF_TOKEN", "HUGGINGFACE_API_KEY")),
    "litellm": Variables(("LITELLM_API_KEY",)),
    "mistral": Variables(("MISTRAL_API_KEY",)),
    "moonshot": Variables(("MOONSHOT_API_KEY",), {"region": ("MOONSHOT_REGION",)}),
    "nona": Variables(("NONA_API_KEY",)),
    "nvidia": Variables(("NVIDIA_API_KEY",)),
    "ollama": Variables(("OLLAMA_API_KEY",)),
    "openai": Variables(
        ("OPENAI_API_KEY",),
        {"organization": ("OPENAI_ORG_ID",), "project": ("OPENAI_PROJECT_ID",)},
        address="OPENAI_BASE_URL",
        usual_address="https://api.openai.com/v1",
        rivals=("OPENAI_ADMIN_KEY",),
    ),
    "openrouter": Variables(("OPENROUTER_API_KEY", "ROUNDTABLE_OPENROUTER_API_KEY")),
    "perplexity": Variables(("PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY")),
    "replicate": Variables(("REPLICATE_API_TOKEN",)),
    "revai": Variables(("REVAI_ACCESS_TOKEN", "REVAI_API_KEY", "REV_AI_API_KEY")),
    "siliconflow": Variables(("SILICONFLOW_API_KEY",), {"region": ("SILICONFLOW_REGION",)}),
    "speechmatics": Variables(("SPEECHMATICS_API_KEY",), {"region": ("SPEECHMATICS_REGION",)}),
    "stability": Variables(("STABILITY_API_KEY",)),
    "together": Variables(("TOGETHER_API_KEY", "TOGETHERAI_API_KEY")),
    "vertex_ai": Variables(
        ("VERTEX_AI_CREDENTIALS",),
        {
            "project": ("GOOGLE_CLOUD_PROJECT", "VERTEX_PROJECT"),
            "location": ("GOOGLE_CLOUD_LOCATION", "VERTEX_LOCATION"),
        },
        files=("GOOGLE_APPLICATION_CREDENTIALS",),
    ),
    "vllm": Variables(("VLLM_API_KEY",)),
    "voyage": Variables(("VOYAGE_API_KEY",)),
    "xai": Variables(("XAI_API_KEY", "GROK_API_KEY")),
    "zhipu": Variables(("ZHIPUAI_API_KEY", "ZAI_API_KEY"), {"region": ("ZHIPUAI_REGION",)}),
}
