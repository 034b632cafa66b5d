"""AWS Transcribe and Bedrock: facts only. Source: docs.aws.amazon.com, their API references and that of STS.

STS is asked first: it tells who a key belongs to, needs no permission and costs nothing, so that
what the service itself refuses afterwards is about permissions and not about the key.
"""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import (
    CODE_PATHS,
    AwsSignature,
    Check,
    Field,
    HeaderAuth,
    KeyFormat,
    Provider,
    ProviderKind,
    Rule,
    Variant,
)
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import holds, lists, model_list

# Bedrock's machine codes stand in a header and in no body.
_CODE_HEADER = "x-amzn-errortype"
_PATHS = ("Error.Code", *CODE_PATHS)
_THROTTLED = ("Throttling", "ThrottlingException", "LimitExceededException", "RequestLimitExceeded")
_NOT_ALLOWED = ("AccessDeniedException", "AccessDenied", "SubscriptionRequiredException", "OptInRequired")
_REFUSED = ("UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch")
_SERVICE_RULES = (
    Rule(400, Outcome.VALID_LIMITED, _NOT_ALLOWED),
    Rule(400, Outcome.INVALID, (*_REFUSED, "InvalidSignatureException", "ExpiredTokenException")),
    Rule(403, Outcome.INVALID, _REFUSED),
    Rule(400, Outcome.RATE_LIMITED, _THROTTLED),
)
# STS accepted the key a moment ago: what does not know it is this region, not AWS.
_AFTER_IDENTITY = (
    Rule(400, Outcome.REGION_OR_ENDPOINT_MISMATCH, ("UnrecognizedClientException",)),
    Rule(403, Outcome.REGION_OR_ENDPOINT_MISMATCH, ("UnrecognizedClientException",)),
    *_SERVICE_RULES,
)
_REFUSED_ALSO = "the id, token or region beside it is not its own, or this server's clock is off"


def _fields(*, is_id_required: bool) -> tuple[Field, ...]:
    return (
        Field(
            "access_key_id",
            "Access key ID",
            "It is shown beside the secret access key and starts with AKIA, or ASIA for a temporary one.",
            is_id_required,
            "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
            environment_names=("AWS_ACCESS_KEY_ID",),
        ),
        Field(
            "region",
            "Region",
            "The region to use, like eu-central-1.",
            True,
            "[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-[0-9]{1,2}",
            environment_names=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
        Field(
            "session_token",
            "Session token",
            "Only for a temporary key, whose id starts with ASIA.",
            False,
            "[A-Za-z0-9+/=]{16,4096}",
            secret=True,
            environment_names=("AWS_SESSION_TOKEN",),
        ),
    )


def _formats(recognised_by: str | None = None) -> tuple[KeyFormat, ...]:
    return (
        KeyFormat(
            label="access key id",
            pattern=r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",
            wrong_kind=(
                "This is the access key id. It goes into its own field; the key is the secret access key."
            ),
            recognised_by=recognised_by,
        ),
        KeyFormat(label="a secret access key of 40 characters", pattern=r"[A-Za-z0-9/+=]{40}"),
    )


def _identity_then(follow_up: Check, model_check: Check | None = None) -> Check:
    return Check(
        method="POST",
        base_url="https://sts.{region}.amazonaws.com",
        path="/",
        auth=AwsSignature("sts"),
        # STS speaks XML unless asked for JSON.
        headers=(("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")),
        body="Action=GetCallerIdentity&Version=2011-06-15",
        inspect=holds("GetCallerIdentityResponse.GetCallerIdentityResult.Arn", str),
        code_paths=_PATHS,
        rules=(
            Rule(403, Outcome.INVALID, (*_REFUSED, "ExpiredToken", "ExpiredTokenException")),
            # No permission is needed here: any other refusal is about the request, such as its clock.
            Rule(403, Outcome.UNCHECKED),
            Rule(400, Outcome.INVALID, ("ExpiredToken", "ExpiredTokenException")),
            Rule(400, Outcome.RATE_LIMITED, _THROTTLED),
        ),
        # Two requests within a second may be taken for one another.
        retry_code="SignatureDoesNotMatch",
        follow_up=follow_up,
        model_check=model_check,
    )


_VOCABULARIES = Check(
    method="POST",
    path="/",
    auth=AwsSignature("transcribe"),
    headers=(
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", "Transcribe.ListVocabularies"),
    ),
    body='{"MaxResults": 1}',
    inspect=lists("Vocabularies"),
    rules=_AFTER_IDENTITY,
)


def _bedrock_models(auth: AwsSignature | HeaderAuth, rules: tuple[Rule, ...], model: Check | None) -> Check:
    return Check(
        base_url="https://bedrock.{region}.amazonaws.com",
        path="/foundation-models?byInferenceType=ON_DEMAND&byOutputModality=TEXT",
        auth=auth,
        inspect=model_list("modelSummaries", "modelId"),
        code_header=_CODE_HEADER,
        rules=rules,
        model_check=model,
    )


def _bedrock_converse(auth: AwsSignature | HeaderAuth) -> Check:
    return Check(
        method="POST",
        path="/model/{model}/converse",
        auth=auth,
        headers=(("Content-Type", "application/json"),),
        body=(
            '{"messages": [{"role": "user", "content": [{"text": "Hi"}]}], '
            '"inferenceConfig": {"maxTokens": 1}}'
        ),
        inspect=holds("output.message", dict),
        code_header=_CODE_HEADER,
        rules=(*_SERVICE_RULES, Rule(404, Outcome.VALID_LIMITED, ("ResourceNotFoundException",))),
    )


_BEDROCK = AwsSignature("bedrock")

_TRANSCRIBE = Provider(
    id="aws_transcribe",
    name="AWS Transcribe",
    kind=ProviderKind.SPEECH,
    keywords=("amazon", "stt"),
    base_url="https://transcribe.{region}.amazonaws.com",
    environment_names=("AWS_SECRET_ACCESS_KEY",),
    console_url="https://console.aws.amazon.com/iam",
    how_to=(
        "In IAM, open the user, Security credentials, choose Create access key, and copy both the id and "
        "the secret. The secret is the key here; it is shown once."
    ),
    refused_also=_REFUSED_ALSO,
    fields=_fields(is_id_required=True),
    # The same id would do for Bedrock. A tie would be no guess at all, and Bedrock has keys of its own.
    formats=_formats(recognised_by=r"AKIA|ASIA"),
    check=_identity_then(_VOCABULARIES),
)

_BEDROCK_PROVIDER = Provider(
    id="aws_bedrock",
    name="AWS Bedrock",
    kind=ProviderKind.LLM,
    keywords=("amazon", "claude", "nova"),
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    environment_names=("AWS_BEARER_TOKEN_BEDROCK", "AWS_SECRET_ACCESS_KEY"),
    console_url="https://console.aws.amazon.com/bedrock",
    how_to=(
        "In the Bedrock console, open API keys, generate one and copy it; it starts with ABSK. "
        "Or use a secret access key of IAM with its id."
    ),
    refused_also=_REFUSED_ALSO,
    preferred_models=("amazon.nova-micro", "amazon.nova-lite", "anthropic.claude-3-haiku", "meta.llama3"),
    fields=_fields(is_id_required=False),
    formats=(
        *_formats(),
        KeyFormat(label="ABSK...", pattern=r"ABSK[A-Za-z0-9+/=]{60,}", recognised_by=r"ABSK"),
    ),
    check=_identity_then(
        _bedrock_models(_BEDROCK, _AFTER_IDENTITY, None), model_check=_bedrock_converse(_BEDROCK)
    ),
    variants=(
        Variant(
            # Longer than a secret access key, which may begin with the same letters.
            r"ABSK[A-Za-z0-9+/=]{60,}",
            _bedrock_models(
                BEARER,
                # A wrong key of this kind and one without permission are refused alike.
                (*_SERVICE_RULES, Rule(403, Outcome.UNCHECKED)),
                _bedrock_converse(BEARER),
            ),
        ),
    ),
)

PROVIDERS = (_BEDROCK_PROVIDER, _TRANSCRIBE)
