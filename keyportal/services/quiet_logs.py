"""Keeps what people type out of the log: the framework logs event payloads and headers on errors."""

import logging
import re
import traceback
from typing import Any

_PATTERNS = (
    (re.compile(r"(?s)(Error processing event queue entry for ).*?( \[txid=|$)"), r"\1<event>\2"),
    (re.compile(r"(?s)(Error transforming event payload for handler \S+: ).*"), r"\1<redacted>"),
    (re.compile(r"(?s)(Event data: ).*"), r"\1<redacted>"),
    (re.compile(r"(?s)(Failed to deserialize event data: ).*"), r"\1<redacted>"),
    (re.compile(r"(?s)(Event data must be a dictionary, but received ).*"), r"\1<redacted>"),
    (re.compile(r"(disconnected client )'[^']+'"), r"\1<token>"),
    (re.compile(r"\bkpa_[A-Za-z0-9_]{6,}"), "kpa_<redacted>"),
    (re.compile(r"\b(sk|gsk|xai|hf|r8|pa|csk|pplx|nvapi|fw|tgp)([-_])[A-Za-z0-9_\-]{8,}"), r"\1\2<redacted>"),
    (re.compile(r"\bAIza[\w-]{20,}"), "AIza<redacted>"),
    (re.compile(r"(?i)(authorization|cookie|x-api-key)(['\"]?\s*[:=]\s*)[^\n]+"), r"\1\2<redacted>"),
)
_CHATTY = ("reflex", "reflex_base", "engineio", "socketio", "httpx", "httpcore", "botocore")


def keep_logs_quiet() -> None:
    """Redact every log record of this process from now on, whichever logger makes it."""
    make_record = logging.getLogRecordFactory()
    if getattr(make_record, "redacts", False):
        return

    def make_redacted_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return redact_record(make_record(*args, **kwargs))

    # No type of a function says that it may carry a mark.
    make_redacted_record.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted_record)
    for name in _CHATTY:
        # Below a warning these write whole payloads.
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its warnings name the database's address and user.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def redact_record(record: logging.LogRecord) -> logging.LogRecord:
    """Rewrite a record: its text by patterns, its traceback to places without the exception's words."""
    record.msg, record.args = redacted(_message_of(record)), ()
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, trace = record.exc_info
        record.msg = f"{record.msg}\n{''.join(traceback.format_tb(trace))}{kind.__name__}"
    record.exc_info, record.exc_text, record.stack_info = None, None, None
    return record


def redacted(text: str) -> str:
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)
