"""What the browser holds of one key's details: display values only."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keyportal.domain.sentences import Sentence
from keyportal.services.credential_details import CredentialDetails, HistoryView, UsageDayView
from keyportal.services.credential_views import CredentialView
from keyportal.services.links import LinkView
from keyportal.ui.shared.credentials.rows import back_until, iso, mark_of
from keyportal.ui.shared.sentences import Part, parts_of
from keyportal.ui.theme import ACTION_WORDS, HEALTH, REPORT

MODELS_SHOWN = 20


@dataclass(frozen=True)
class DetailsShown:
    """`id` is empty where no details are open. Numbers are told in words, ready to be read."""

    id: str = ""
    provider: str = ""
    provider_name: str = ""
    provider_enabled: bool = True
    initials: str = ""
    name: str = ""
    mask: str = ""
    active: bool = False
    status: str = ""
    mark: str = ""
    related: str = ""
    environment: str = ""
    note: str = ""
    is_primary: bool = False
    is_general: bool = False
    can_rotate: bool = False
    when_it_fails: str = ""
    place: list[Part] = field(default_factory=list)
    expires_at: str = ""
    expires_soon: bool = False
    remind_at: str = ""
    reminder_due: bool = False
    created_at: str = ""
    updated_at: str = ""
    last_used_at: str = ""
    usage_total: str = "0"
    usage_30: str = "0"
    usage_words: str = ""
    version: int = 0
    back_until: str = ""
    instead: str = ""
    steps_back: bool = False
    stands_in: str = ""


@dataclass(frozen=True)
class UsageBar:
    """One day. `height` is a percentage of the busiest day's."""

    day: str
    title: str
    height: str


@dataclass(frozen=True)
class LinkRow:
    id: str
    provider_name: str
    initials: str
    pattern: str


@dataclass(frozen=True)
class HistoryRow:
    key: str
    at: str
    who: str
    what: list[Part]
    result: str


def details_shown(found: CredentialDetails) -> DetailsShown:
    view = found.view
    in_30_days = sum(day.count for day in found.usage)
    return DetailsShown(
        id=view.id,
        provider=view.provider,
        provider_name=view.provider_name,
        provider_enabled=view.provider_enabled,
        initials=view.initials,
        name=view.name,
        mask=view.mask,
        active=view.active,
        status=view.status,
        mark=mark_of(view),
        related=found.related,
        environment=view.environment,
        note=view.note,
        is_primary=view.is_primary,
        is_general=view.is_general,
        can_rotate=_can_rotate(view),
        when_it_fails=_when_it_fails(found),
        place=parts_of(found.place),
        expires_at=iso(view.expires_at),
        expires_soon=view.expires_soon,
        remind_at=iso(view.remind_at),
        reminder_due=view.reminder_due,
        created_at=iso(view.created_at),
        updated_at=iso(view.updated_at),
        last_used_at=iso(view.last_used_at),
        usage_total=f"{view.usage_count:,}",
        usage_30=f"{in_30_days:,}",
        usage_words=_usage_words(found.usage),
        version=view.version,
        back_until=back_until(view),
        instead=view.instead,
        steps_back=view.steps_back,
        stands_in=view.stands_in,
    )


def usage_bars(usage: Sequence[UsageDayView]) -> list[UsageBar]:
    most = max((day.count for day in usage), default=0) or 1
    return [
        UsageBar(
            day=one.day.isoformat(),
            title=f"{one.day.day} {one.day:%b}: {_uses(one.count)}",
            # A day with a single use is seen beside one with a million.
            height=f"{max(4, round(100 * one.count / most)) if one.count else 0}%",
        )
        for one in usage
    ]


def link_rows(links: Sequence[LinkView]) -> list[LinkRow]:
    return [LinkRow(link.id, link.provider_name, link.initials, link.model_pattern) for link in links]


def history_rows(history: Sequence[HistoryView]) -> list[HistoryRow]:
    return [_history_row(number, one) for number, one in enumerate(history)]


def _history_row(number: int, one: HistoryView) -> HistoryRow:
    what, about = ACTION_WORDS.get(one.action, one.action), _about(one)
    return HistoryRow(
        key=str(number),
        at=iso(one.at),
        who=one.who,
        what=parts_of(Sentence(what, ": ", about) if about else Sentence(what)),
        result="" if one.result in ("ok", "started") else one.result,
    )


def _about(one: HistoryView) -> Sentence:
    word = REPORT.get(one.outcome) or (HEALTH[one.outcome].word if one.outcome in HEALTH else one.outcome)
    return Sentence(word.lower(), ", " if word and one.about else "", one.about)


def _when_it_fails(found: CredentialDetails) -> str:
    if not found.view.failover:
        return ""
    another = "Another key may be used"
    return another if found.failover_is_offered else f"{another} (switched off in the policies)"


def _can_rotate(view: CredentialView) -> bool:
    return view.replaces_id is None and view.replaced_by_id is None


def _usage_words(usage: Sequence[UsageDayView]) -> str:
    """Say for those who do not see the bars what they show."""
    busy = [day for day in usage if day.count]
    if not busy:
        return "Not used in the last 30 days."
    most = max(busy, key=lambda day: day.count)
    total = sum(day.count for day in busy)
    return (
        f"{_uses(total)} on {len(busy)} of the last {len(usage)} days,"
        f" most on {most.day.day} {most.day:%b} with {most.count:,}."
    )


def _uses(count: int) -> str:
    return "1 use" if count == 1 else f"{count:,} uses"
