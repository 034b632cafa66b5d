"""The chain of keys for one person and provider: rows, links and variables put before the pure rule.

Decrypts nothing, changes nothing, and reads of a long chain only what the search turns on.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus, status_of
from keyportal.domain.errors import InvalidInput
from keyportal.domain.policies import Policies
from keyportal.domain.usage import HealthSource
from keyportal.persistence import chains
from keyportal.persistence.chains import ENDS, PatternLink, Rule, Turn, Wanted
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.providers.base import Provider, destination_of
from keyportal.resolver import Candidate, Decision, Situation, Source, in_order, resolve
from keyportal.services import environment
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.sealing import has_value, is_readable

# What a test found when the key itself is at fault: the next one may help, another try would not.
FAILED = (Outcome.INVALID, Outcome.QUOTA_EXHAUSTED)


@dataclass(frozen=True)
class Sources:
    """The candidates of one provider for one person, and behind them the rows and links by key id."""

    decision: Decision
    rows: Mapping[str, CredentialRow]
    links: Mapping[str, CredentialLinkRow]
    policies: Policies
    rule: Rule


def decide(
    portal: Portal,
    session: Session,
    user_id: str,
    provider: Provider,
    *,
    model: str | None = None,
    without: Collection[str] = (),
) -> Sources:
    """Apply the precedence rule for one person and provider, as if some ids were gone.

    The steps hold only keys the search turns on: those passed over and those not reached are not read.
    """
    policies = policies_in(session)
    rule = rule_of(portal, policies)
    own = chains.deciding(session, _wanted(user_id, provider, model, without), rule)
    is_over = any(turn.does == ENDS for turn in own)
    system = (
        [] if is_over else chains.deciding(session, _wanted(SYSTEM_OWNER, provider, model, without), rule)
    )
    return sources_among(portal, provider, own, system, policies, rule)


def rule_of(portal: Portal, policies: Policies) -> Rule:
    """Return what the database has to know to tell which keys the search turns on."""
    failed = tuple(str(outcome) for outcome in FAILED) if policies.failover else ()
    return Rule(portal.clock.now(), portal.keyring.ids, failed)


def sources_among(
    portal: Portal,
    provider: Provider,
    own: Sequence[Turn],
    system: Sequence[Turn],
    policies: Policies,
    rule: Rule,
) -> Sources:
    """Apply the precedence rule to keys already read, in their order, and to the environment."""
    decision = resolve(
        [_candidate(portal, turn.row, Source.USER, rule) for turn in own],
        [_candidate(portal, turn.row, Source.SYSTEM, rule) for turn in system],
        _environment_candidates(portal, provider, policies),
    )
    links: dict[str, CredentialLinkRow | None] = {}
    for turn in (*own, *system):
        # A key may have several turns: it is used by the first.
        links.setdefault(turn.row.id, turn.link)
    rows = {turn.row.id: turn.row for turn in (*own, *system)}
    used = {one: link for one, link in links.items() if link is not None}
    return Sources(decision, rows, used, policies, rule)


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


def _wanted(owner_key: str, provider: Provider, model: str | None, without: Collection[str]) -> Wanted:
    def fitting(links: Sequence[PatternLink]) -> list[PatternLink]:
        return [link for _, link in in_order((), links, model) if link is not None]

    return Wanted(owner_key, provider.id, fitting if model else None, without)


def _candidate(portal: Portal, row: CredentialRow, source: Source, rule: Rule) -> Candidate:
    return Candidate(source, row.name, situation_of(portal, row, rule), row.id, row.mask)


def situation_of(portal: Portal, row: CredentialRow, rule: Rule) -> Situation:
    """Return what a key is in the search. The database tells the same: see `persistence.chains`."""
    # The switch and the date come first: also a key without a value stops nobody then.
    readable = is_readable(portal, row)
    status = status_of(active=row.active, expires_at=row.expires_at, readable=readable, now=rule.now)
    if status is CredentialStatus.INACTIVE:
        return Situation.INACTIVE
    if status is CredentialStatus.EXPIRED:
        return Situation.EXPIRED
    if not has_value(row):
        return Situation.RE_ENTER
    if not readable:
        return Situation.UNREADABLE
    return Situation.FAILING if row.failover and _has_failed(row, rule) else Situation.USABLE


def _has_failed(row: CredentialRow, rule: Rule) -> bool:
    """Tell whether a key fails: by the last test for good, by a report for its cool-down."""
    if not rule.failed:
        return False
    if row.failing_until is not None and row.failing_until > rule.now:
        return True
    return row.health_source == HealthSource.TEST and row.health_outcome in rule.failed


def _environment_candidates(portal: Portal, provider: Provider, policies: Policies) -> list[Candidate]:
    if not policies.uses_environment(provider.id):
        return []
    return [
        Candidate(Source.ENVIRONMENT, name, environment.situation_of(portal.settings, provider, name))
        for name in environment.names_of(portal.settings, provider)
    ]
