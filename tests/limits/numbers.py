"""The number of every limit as the code has it, by its name on docs/limits.md.

A number the code has no name for is written here: the test that tries the limit holds it to the code.
"""

from datetime import timedelta

from keyportal import settings
from keyportal.api import bodies, quick_resolve
from keyportal.api.visits import Takes
from keyportal.domain import addresses, agent_keys, credentials, links, people, policies, text, usage
from keyportal.persistence import audit_events, credential_lists, sessions
from keyportal.providers import custom, http, reading
from keyportal.services import (
    agent_key_rows,
    attention,
    audit,
    bulk,
    check_batches,
    check_slots,
    check_views,
    credential_order,
    files,
    import_lines,
    overview,
    paging,
    provider_edits,
    release_cache,
    release_desk,
    throttle,
    users,
)
from keyportal.services import credentials as credential_service
from keyportal.services import links as link_service
from keyportal.services import sessions as session_service
from keyportal.services import usage as usage_service
from keyportal.ui.web import gate
from keyportal.vault import passwords, sealed

_USUAL = policies.Policies()
_CLIENT = http.GuardedClient(frozenset())

NUMBERS: dict[str, int | timedelta] = {
    # Requests
    "body-json": bodies.LIMITS[Takes.JSON],
    "body-form": bodies.LIMITS[Takes.FORM],
    "body-import": bodies.LARGER["/api/api-keys/import"],
    "body-depth": bodies.DEEPEST,
    "body-seconds": timedelta(seconds=bodies.DEADLINE_S),
    "form-fields": bodies._MOST_FIELDS,
    "search-text": 200,
    "model-name": 200,
    "test-model-name": 128,
    "extra-fields": 20,
    "return-address": addresses._LONGEST,
    "frame": gate.FRAME_LIMIT,
    "frame-stranger": gate.STRANGERS_FRAME_LIMIT,
    # What is typed
    "name": text.NAME_LIMIT,
    "note": text.NOTE_LIMIT,
    "label": 32,
    "value": credentials.VALUE_LIMIT,
    "email": text.EMAIL_LIMIT,
    "password-shortest": passwords.SHORTEST,
    "password-longest": passwords.LONGEST,
    "model-pattern": links.PATTERN_LIMIT,
    "date-first": text._FIRST_YEAR,
    "date-last": text._LAST_YEAR,
    "provider-address": custom.URL_LIMIT,
    "variable-name": 100,
    "provider-variables": custom.MOST_ENVIRONMENT_NAMES,
    # How many there may be
    "keys": credential_service.MOST_KEYS,
    "links": link_service.MOST,
    "agent-keys": agent_key_rows.MOST_AGENT_KEYS,
    "sessions": sessions.MOST,
    "custom-providers": provider_edits.MOST_CUSTOM,
    # Imports and exports
    "import-bytes": import_lines.TEXT_LIMIT,
    "import-lines": import_lines.LINES_LIMIT,
    "import-variable": import_lines._NAME_LIMIT,
    "import-shortest": import_lines._SHORTEST,
    "exports": files.AT_ONCE,
    "export-counted": files._COUNTED_FOR,
    # Lists
    "page-size": max(paging.PAGE_SIZES),
    "last-page": paging._LAST_PAGE,
    "bulk": bulk.MOST,
    "audit-counted": audit_events.COUNTED,
    "audit-searched": audit_events.SEARCHED,
    "order-shown": credential_order.MOST_SHOWN,
    "chain-shown": overview.MOST_SHOWN,
    "people-offered": users._MOST_OFFERED,
    "choices-offered": credential_lists._MOST_CHOICES,
    "used-offered": usage_service._MOST_OFFERED,
    "attention-named": attention.MOST,
    "trail-label": audit._LABEL_LIMIT,
    # People
    "session-idle": session_service.IDLE,
    "session-longest": session_service.ABSOLUTE,
    "link-usual": people.INVITATION_LIFETIME,
    "link-shortest": people.SHORTEST_LINK,
    "link-longest": people.LONGEST_LINK,
    "tries-account": throttle.PER_ACCOUNT,
    "tries-address": throttle.PER_ADDRESS,
    "tries-links": throttle.PER_ADDRESS,
    "tries-window": throttle.WINDOW,
    "password-line": passwords._IN_LINE._initial_value,  # pyright: ignore[reportAttributeAccessIssue]
    "password-at-once": passwords._AT_ONCE._initial_value,  # pyright: ignore[reportAttributeAccessIssue]
    # Agent keys
    "agent-key-usual": _USUAL.agent_key_lifetime,
    "agent-key-longest": _USUAL.agent_key_longest,
    "agent-key-overlap": timedelta(days=max(agent_keys.OVERLAPS)),
    "reported-within": usage.REPORTED_WITHIN,
    # Policies
    "agent-key-days-most": policies.LIMITS["agent_key_days"][1],
    "usage-kept-least": policies.LIMITS["usage_kept_days"][0],
    "usage-kept-most": policies.LIMITS["usage_kept_days"][1],
    "deleted-kept-least": policies.LIMITS["deleted_kept_days"][0],
    "deleted-kept-most": policies.LIMITS["deleted_kept_days"][1],
    "reports-kept-least": policies.LIMITS["reports_kept_days"][0],
    "reports-kept-most": policies.LIMITS["reports_kept_days"][1],
    "cool-down-most": policies.LIMITS["failover_minutes"][1],
    "usage-kept": _USUAL.usage_kept,
    "deleted-kept": _USUAL.deleted_kept,
    "reports-kept": _USUAL.reports_kept,
    "cool-down": _USUAL.cool_down,
    # Tests of keys
    "tests-per-minute": 10,
    "tests-per-minute-most": 10_000,
    "tests-at-once": 10,
    "tests-at-once-most": 200,
    "test-place": check_slots.LONGEST,
    "batch": check_batches.MOST,
    "batch-at-once": check_batches.AT_ONCE,
    "batch-counted": check_batches.KEYS_PER_COUNT,
    "reply-bytes": _CLIENT._max_bytes,
    "reply-seconds": timedelta(seconds=_CLIENT.deadline_s),
    "models-read": reading._MAX_MODELS,
    "models-kept": check_views._KEPT_MODELS,
    # Memory
    "memory-body": quick_resolve._LARGEST,
    "memory-decisions": release_cache.MOST,
    "memory-of-one": release_cache.MOST_OF_ONE,
    "memory-agents": release_desk._MOST_AGENTS,
    "memory-bodies": quick_resolve._MOST_WANTED,
    # The encryption key
    "seals-warn": sealed.SEALS_WARN,
    "seals-refuse": sealed.SEALS_REFUSE,
    "encryption-key": 64,
    "document": settings._DOCUMENT_LIMIT,
}
