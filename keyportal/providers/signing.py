"""Puts a key on a request, in the way its provider wants it: header, form, signature or token.

Never opens a connection, and never keeps what it made.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.providers.base import AwsSignature, FormAuth, HeaderAuth

# Google's own address, never the one a pasted document names.
GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM = "application/x-www-form-urlencoded"
# A key of 4096 bits has some 3300 characters.
_LONGEST_PEM = 4096
_TOKEN_LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True)
class Request:
    """One request of a check, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False, default=None)


def authorised(
    request: Request, auth: HeaderAuth | FormAuth | AwsSignature, secret: Secret, fields: Mapping[str, str]
) -> Request:
    """Return the request with the key on it.

    Raises:
        InvalidInput: something a signature needs is missing.
    """
    match auth:
        case HeaderAuth():
            headers = {**request.headers, auth.header: auth.prefix + secret.reveal()}
            return Request(request.method, request.url, headers, request.body)
        case FormAuth():
            body = urlencode({auth.field: secret.reveal()}).encode()
            headers = {**request.headers, "Content-Type": _FORM}
            return Request(request.method, request.url, headers, body)
        case AwsSignature():
            return _signed_for_aws(request, auth.service, secret, fields)


def google_token_request(document: Secret, scope: str, url: str, now: datetime) -> Request:
    """Return the request that trades a signed statement for a short-lived token (RFC 7523).

    Raises:
        InvalidInput: the key is not a usable service-account document.
    """
    # Only here: no start waits for what few keys need.
    import jwt

    account = _service_account(document)
    claims = {
        "iss": account["client_email"],
        "scope": scope,
        "aud": GOOGLE_TOKEN_URL,
        "iat": now,
        "exp": now + _TOKEN_LIFETIME,
    }
    key = _private_key(account["private_key"])
    try:
        assertion = (
            jwt.encode(claims, key, "RS256", headers={"kid": account["private_key_id"]}) if key else ""
        )
    except (ValueError, TypeError, jwt.PyJWTError):
        # The library's own message may hold a piece of the document.
        assertion = ""
    if not assertion:
        raise InvalidInput("The private key in this document cannot be read. Download a new one.")
    body = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
    return Request("POST", url, {"Content-Type": _FORM}, body)


def telling_parts(secret: Secret) -> tuple[str, ...]:
    """Return what must not come back in an answer: the key, or of a document what is secret in it."""
    text = secret.reveal()
    account = _parsed(text) if text.startswith("{") else {}
    private = [account.get(name) for name in ("private_key", "private_key_id")]
    found = tuple(part for part in private if isinstance(part, str) and part)
    return found or (text,)


def _signed_for_aws(request: Request, service: str, secret: Secret, fields: Mapping[str, str]) -> Request:
    # Here, not above: half of a start's time for the one provider that needs it.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    # Below a warning it writes the whole request, session token and all.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    key_id = fields.get("access_key_id", "")
    if not key_id:
        raise InvalidInput("The access key id is missing. It is shown beside the secret access key.")
    if key_id.startswith("ASIA") and not fields.get("session_token"):
        raise InvalidInput("An access key id with ASIA is temporary and needs its session token too.")
    signed = AWSRequest(request.method, request.url, dict(request.headers), request.body or b"")
    credentials = Credentials(key_id, secret.reveal(), fields.get("session_token") or None)
    SigV4Auth(credentials, service, fields.get("region", "")).add_auth(signed)
    return Request(request.method, request.url, dict(signed.headers.items()), request.body)


def _service_account(document: Secret) -> dict[str, str]:
    account = _parsed(document.reveal())
    wanted = ("client_email", "private_key", "private_key_id")
    if account.get("type") == "service_account" and all(isinstance(account.get(n), str) for n in wanted):
        return {name: str(account[name]) for name in wanted}
    raise InvalidInput("This is not a service-account document. Download the account's JSON key.")


def _private_key(pem: str) -> RSAPrivateKey | None:
    """Return a key of a usual size. The library would prove each for seconds, holding up everything."""
    if len(pem) > _LONGEST_PEM:
        return None
    try:
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPrivateKey) or not 2048 <= key.key_size <= 4096:
        return None
    parts = key.private_numbers()
    is_sound = parts.p * parts.q == parts.public_numbers.n and parts.dmp1 < parts.p and parts.dmq1 < parts.q
    return key if is_sound else None


def _parsed(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
