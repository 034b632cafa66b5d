"""The chain of keys for one person and provider: rows, links and variables put before the pure rule.

Decrypts nothing and changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from sqlmodel import Session

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus
from keyportal.domain.errors import InvalidInput
from keyportal.domain.policies import Policies
from keyportal.persistence import credentials, links
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.providers.base import Provider, destination_of
from keyportal.resolver import Candidate, Decision, Situation, Source, in_order, resolve
from keyportal.services import environment
from keyportal.services.credential_views import row_status
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

# What a test found when the key itself is at fault: the next one may help, another try would not.
_FAILED = (Outcome.INVALID, Outcome.QUOTA_EXHAUSTED)


@dataclass(frozen=True)
class OwnedKeys:
    """One owner's keys for one provider as they are tried, and the links some of them come by."""

    rows: tuple[CredentialRow, ...] = ()
    links: Mapping[str, CredentialLinkRow] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        bound: Sequence[CredentialRow],
        linked: Sequence[CredentialLinkRow],
        others: Mapping[str, CredentialRow],
        model: str | None = None,
    ) -> "OwnedKeys":
        """Put keys in order. `others` are those of the same owner that the links may lead to, by id."""
        by_id = {**others, **{row.id: row for row in bound}}
        present = [link for link in linked if link.credential_id in by_id]
        turns = in_order([row.id for row in bound], present, model)
        return cls(
            tuple(by_id[one] for one, _ in turns), {one: link for one, link in turns if link is not None}
        )


@dataclass(frozen=True)
class Sources:
    """The candidates of one provider for one person, and behind them the rows and links by key id."""

    decision: Decision
    rows: dict[str, CredentialRow]
    links: Mapping[str, CredentialLinkRow]
    policies: Policies


def decide(
    portal: Portal,
    session: Session,
    user_id: str,
    provider: Provider,
    *,
    model: str | None = None,
    without: Collection[str] = (),
) -> Sources:
    """Apply the precedence rule for one person and provider, as if some ids were gone."""
    policies = policies_in(session)
    linked = links.links_to(session, [user_id, SYSTEM_OWNER], provider.id)
    own, system = (
        _keys_of(session, owner, provider, linked.get(owner, ()), model, without)
        for owner in (user_id, SYSTEM_OWNER)
    )
    return sources_among(portal, provider, own, system, policies)


def sources_among(
    portal: Portal, provider: Provider, own: OwnedKeys, system: OwnedKeys, policies: Policies
) -> Sources:
    """Apply the precedence rule to keys already read, in their order, and to the environment."""
    decision = resolve(
        [_candidate(portal, row, Source.USER, policies) for row in own.rows],
        [_candidate(portal, row, Source.SYSTEM, policies) for row in system.rows],
        _environment_candidates(portal, provider, policies),
    )
    rows = {row.id: row for row in (*own.rows, *system.rows)}
    return Sources(decision, rows, {**own.links, **system.links}, policies)


def address_of(provider: Provider, row: CredentialRow, link: CredentialLinkRow | None = None) -> str:
    """Return where a saved key is used: the provider's present address, if it is at the key's origin.

    A key without an address of its own goes by its link. Empty where nobody knows an address.
    """
    saved = saved_address(row, link)
    return saved if stays_elsewhere(provider, row, link) else provider.address(row.fields)


def saved_address(row: CredentialRow, link: CredentialLinkRow | None) -> str:
    """Return the address a key was saved for, or for one bound to no provider, was linked for."""
    if row.provider:
        return row.base_url
    return link.base_url if link is not None else ""


def stays_elsewhere(provider: Provider, row: CredentialRow, link: CredentialLinkRow | None = None) -> bool:
    """Tell whether a key belongs to another origin than the provider has by now."""
    belongs = row.destination if row.provider else _origin_or_nothing(saved_address(row, link))
    try:
        return destination_of(provider.address(row.fields)) != belongs
    except InvalidInput:
        # A place of the address is not filled in by the fields of this key.
        return True


def _origin_or_nothing(address: str) -> str:
    try:
        return destination_of(address)
    except InvalidInput:
        return ""


def _keys_of(
    session: Session,
    owner_key: str,
    provider: Provider,
    linked: Sequence[CredentialLinkRow],
    model: str | None,
    without: Collection[str],
) -> OwnedKeys:
    bound = [row for row in credentials.chain_of(session, owner_key, provider.id) if row.id not in without]
    kept = [link for link in linked if link.credential_id not in without]
    others = {row.id: row for row in links.keys_behind(session, owner_key, kept)}
    return OwnedKeys.of(bound, kept, others, model)


def _candidate(portal: Portal, row: CredentialRow, source: Source, policies: Policies) -> Candidate:
    situation = _situation(_status(portal, row))
    if situation is Situation.USABLE and policies.failover and row.failover and row.health_outcome in _FAILED:
        situation = Situation.FAILING
    return Candidate(source, row.name, situation, row.id, row.mask)


def _status(portal: Portal, row: CredentialRow) -> CredentialStatus:
    """Return the shown status, except that a key without a value stops nobody while it is switched off."""
    status = row_status(portal, row)
    if status is not CredentialStatus.RE_ENTER:
        return status
    if not row.active:
        return CredentialStatus.INACTIVE
    is_over = row.expires_at is not None and row.expires_at <= portal.clock.now()
    return CredentialStatus.EXPIRED if is_over else status


def _situation(status: CredentialStatus) -> Situation:
    match status:
        case CredentialStatus.ACTIVE:
            return Situation.USABLE
        case CredentialStatus.INACTIVE:
            return Situation.INACTIVE
        case CredentialStatus.EXPIRED:
            return Situation.EXPIRED
        case CredentialStatus.UNREADABLE:
            return Situation.UNREADABLE
        case CredentialStatus.RE_ENTER:
            return Situation.RE_ENTER
    assert_never(status)


def _environment_candidates(portal: Portal, provider: Provider, policies: Policies) -> list[Candidate]:
    if not policies.uses_environment(provider.id):
        return []
    return [
        Candidate(Source.ENVIRONMENT, name, environment.situation_of(portal.settings, provider, name))
        for name in environment.names_of(portal.settings, provider)
    ]
