"""A key about to be handed out: where it came from, what the trail says of it, its value still sealed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from keyportal.domain.errors import KeyUnreadable, NeedsReentry, NoKey, Unopenable
from keyportal.domain.secret import Secret
from keyportal.persistence import chains, credentials
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import UserRow
from keyportal.providers.base import Provider
from keyportal.resolver import Candidate, Situation, Source, Verdict
from keyportal.services import environment
from keyportal.services.chains import Sources, address_of, decide
from keyportal.services.portal import Portal
from keyportal.services.sealing import Opened, openable_credential


@dataclass(frozen=True)
class ResolvedCredential:
    id: str
    name: str
    mask: str


@dataclass(frozen=True)
class Resolution:
    """The key to use and where it came from. `credential` is None for an environment variable.

    `failed_over_from` is the key that would have been used, had it not stepped back.
    """

    provider: str
    source: Source
    credential: ResolvedCredential | None
    failed_over_from: ResolvedCredential | None
    api_key: Secret
    fields: Mapping[str, str] = field(repr=False)
    base_url: str
    resolution_id: str


@dataclass(frozen=True, eq=False)
class Release:
    """What was decided for one person, provider and model. Holds no plaintext of a saved key.

    It may be handed out again until `valid_until` (for ever, if None), as long as nothing changes; and
    only if it `may_be_kept`: of a file that a variable names, nobody tells when it changes.
    `fields` of the answer may be secret too: they come out of `open`.
    """

    provider: str
    source: Source
    name: str
    credential: ResolvedCredential | None
    failed_over_from: ResolvedCredential | None
    details: Mapping[str, Any]
    valid_until: datetime | None
    is_memory_on: bool
    may_be_kept: bool
    has_secret_fields: bool
    open: Callable[[], Opened] = field(repr=False)
    address: Callable[[Opened], str] = field(repr=False)

    @property
    def credential_id(self) -> str:
        return self.credential.id if self.credential else ""

    def handed_out(self, opened: Opened, resolution_id: str) -> Resolution:
        return Resolution(
            self.provider,
            self.source,
            self.credential,
            self.failed_over_from,
            opened.secret,
            opened.fields,
            self.address(opened),
            resolution_id,
        )


class Refused(Exception):
    """No key can be handed out. `candidate` is the one that stopped the search, if one did.

    `damaged` is the version of its value that should have opened and did not.
    """

    def __init__(
        self,
        refusal: NoKey | KeyUnreadable,
        candidate: Candidate | None = None,
        damaged: int | None = None,
    ) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.candidate = candidate
        self.damaged = damaged


def prepare(
    portal: Portal, session: Session, subject: UserRow, provider: Provider, model: str | None
) -> Release:
    """Decide which key to hand out. Counts nothing, writes nothing. Raises Refused."""
    sources = _decided(portal, session, subject, provider, model)
    winner, blocked = sources.decision.winner, sources.decision.blocked_by
    if blocked is not None:
        raise Refused(NeedsReentry() if blocked.situation is Situation.RE_ENTER else KeyUnreadable(), blocked)
    if winner is None:
        raise Refused(NoKey(_places_asked(provider, sources)))
    if winner.source is Source.ENVIRONMENT:
        return _of_environment(portal, session, subject, provider, sources, winner, model)
    return _of_credential(portal, session, subject, provider, sources, winner, model)


def details_of(subject: UserRow, provider: Provider, model: str | None) -> dict[str, Any]:
    """Return what the trail says of every resolve, granted or not."""
    return {"provider": provider.id, "for_user": subject.email, "model": model}


def _decided(
    portal: Portal, session: Session, subject: UserRow, provider: Provider, model: str | None
) -> Sources:
    """Return the sources with the winner read again, its value too; of no other key is a value read."""
    while True:
        sources = decide(portal, session, subject.id, provider, model=model)
        winner = sources.decision.winner
        if winner is None or not winner.id:
            return sources
        owner_key = sources.rows[winner.id].owner_key
        if (row := credentials.with_value(session, owner_key, winner.id)) is not None:
            return replace(sources, rows={**sources.rows, row.id: row})
        # Deleted by somebody since: the next one is wanted.


def _of_credential(
    portal: Portal,
    session: Session,
    subject: UserRow,
    provider: Provider,
    sources: Sources,
    winner: Candidate,
    model: str | None,
) -> Release:
    row = sources.rows[winner.id]
    try:
        openable = openable_credential(portal, row)
        openable.open()
    except Unopenable:
        # A key that this process was started without may be here after the next start.
        damaged = row.secret_version if portal.keyring.holds(row.key_id) else None
        raise Refused(KeyUnreadable(), winner, damaged) from None
    address = address_of(provider, row, sources.links.get(row.id))
    failed = _stepped_back(sources)
    details = details_of(subject, provider, model)
    details |= {"source": winner.source, "mask": winner.mask or None, "secret_version": row.secret_version}
    return Release(
        provider=provider.id,
        source=winner.source,
        name=winner.name,
        credential=ResolvedCredential(row.id, row.name, row.mask),
        failed_over_from=failed,
        details={**details, "failed_over_from": failed.id if failed else None},
        valid_until=_next_turn(session, subject, sources),
        is_memory_on=sources.policies.resolve_cache,
        may_be_kept=True,
        has_secret_fields=bool(row.secret_fields),
        open=openable.open,
        address=lambda _opened: address,
    )


def _of_environment(
    portal: Portal,
    session: Session,
    subject: UserRow,
    provider: Provider,
    sources: Sources,
    winner: Candidate,
    model: str | None,
) -> Release:
    def read() -> Opened:
        value = environment.value_of(portal.settings, provider, winner.name)
        return Opened(value, environment.fields_of(portal.settings, provider))

    failed = _stepped_back(sources)
    return Release(
        provider=provider.id,
        source=winner.source,
        name=winner.name,
        credential=None,
        failed_over_from=failed,
        details=details_of(subject, provider, model)
        | {"source": winner.source, "failed_over_from": failed.id if failed else None},
        valid_until=_next_turn(session, subject, sources),
        is_memory_on=sources.policies.resolve_cache,
        may_be_kept=winner.name not in provider.file_environment_names,
        # Nobody says of a variable beside a key whether it is secret.
        has_secret_fields=True,
        open=read,
        address=lambda opened: provider.environment_address(opened.fields),
    )


def _stepped_back(sources: Sources) -> ResolvedCredential | None:
    """Return the first key that was passed over because it fails."""
    for step in sources.decision.steps:
        if step.verdict is Verdict.SKIPPED and step.candidate.situation is Situation.FAILING:
            candidate = step.candidate
            return ResolvedCredential(candidate.id, candidate.name, candidate.mask)
    return None


def _next_turn(session: Session, subject: UserRow, sources: Sources) -> datetime | None:
    """Return when time alone may change the decision: a deciding key expires, or any cool-down is over."""
    now = sources.rule.now
    ends = [r.expires_at for r in sources.rows.values() if r.expires_at is not None and r.expires_at > now]
    if sources.policies.failover:
        cool_down = chains.first_cool_down(session, [subject.id, SYSTEM_OWNER], now)
        ends += [cool_down] if cool_down is not None else []
    return min(ends, default=None)


def _places_asked(provider: Provider, sources: Sources) -> str:
    """Say every place that was asked, so that the caller knows where to put a key."""
    steps = sources.decision.steps
    names = [s.candidate.name for s in steps if s.candidate.source is Source.ENVIRONMENT]
    variables = " or ".join(names) if names else "none"
    if not sources.policies.uses_environment(provider.id):
        return (
            f"No API key is configured for {provider.name}. Asked in this order: the person's own keys,"
            " the system keys. Variables of the server are turned off by a policy. Add a key in one of"
            " these places."
        )
    return (
        f"No API key is configured for {provider.name}. Asked in this order: the person's own keys,"
        f" the system keys, the environment variables ({variables}). Add one in any of these places."
    )
