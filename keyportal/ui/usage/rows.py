"""What the browser gets of usage: rows, the days as a picture and in words, and what to narrow by."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from keyportal.services.providers import initials_of
from keyportal.services.usage import COMMAND_LINE, GroupView, Sums, UsageView
from keyportal.services.usage_names import Used
from keyportal.ui import routes
from keyportal.ui.theme import FAILURE_WORDS, SERIES_COLORS, SERIES_OTHER

_OTHERS = "Others"


@dataclass(frozen=True)
class UsageRow:
    """One provider, key or agent key. `link` leads to it, where there is a page of it."""

    id: str
    name: str
    mask: str
    about: str
    initials: str
    is_deleted: bool
    link: str
    uses: str
    share: str
    share_width: str
    last_day: str
    reported: str
    failures: str
    success: str


@dataclass(frozen=True)
class Series:
    """One colour of the picture. `key` names its numbers in the data; without an id it is the others."""

    id: str
    key: str
    name: str
    color: str
    uses: str


@dataclass(frozen=True)
class DayLine:
    day: str
    uses: str
    ok: str
    failed: str


@dataclass(frozen=True)
class Summary:
    """All that is looked at, added up. `words` say what the picture shows."""

    uses: str = ""
    ok: str = ""
    failed: str = ""
    success: str = ""
    failures: str = ""
    busiest: str = ""
    busiest_uses: str = ""
    span: str = ""
    words: str = ""


@dataclass(frozen=True)
class Choice:
    id: str
    name: str


def usage_row(view: GroupView, *, is_own: bool) -> UsageRow:
    used, sums = view.used, view.sums
    is_provider = used.kind == "provider"
    return UsageRow(
        id=used.id or COMMAND_LINE,
        name=used.name,
        mask=used.mask,
        about=_about(used),
        initials=initials_of(used.provider_name) if is_provider or used.provider_name else "",
        is_deleted=used.is_deleted,
        link=_link(used, is_own=is_own),
        uses=f"{sums.uses:,}",
        share=percent(view.share),
        share_width=f"{view.share * 100:.1f}%",
        last_day=in_words(view.last_day),
        reported=f"{sums.ok:,} ok, {sums.failed:,} failed" if sums.ok or sums.failed else "",
        failures=failures_of(sums),
        success=percent(sums.success_rate),
    )


def summary_of(view: UsageView) -> Summary:
    first, last = view.days[0].day, view.days[-1].day
    busiest = max(view.days, key=lambda day: day.sums.uses)
    span, uses = _span(first, last), f"{view.sums.uses:,}"
    return Summary(
        uses=uses,
        ok=f"{view.sums.ok:,}",
        failed=f"{view.sums.failed:,}",
        success=percent(view.sums.success_rate),
        failures=failures_of(view.sums),
        busiest=in_words(busiest.day),
        busiest_uses=f"{busiest.sums.uses:,}",
        span=span,
        words=f"Bars of uses by day, {span}: {uses} in all, most on {in_words(busiest.day)} with"
        f" {busiest.sums.uses:,}. The days stand below as a table.",
    )


def series_of(view: UsageView) -> list[Series]:
    """Return the groups that stand apart, and the others as one if there are any."""
    totals = [sum(day.parts[n] for day in view.days) for n in range(len(view.apart))]
    found = [
        Series(used.id or COMMAND_LINE, f"s{n}", name_of(used), SERIES_COLORS[n], f"{totals[n]:,}")
        for n, used in enumerate(view.apart)
    ]
    others = view.sums.uses - sum(totals)
    return [*found, Series("", "others", _OTHERS, SERIES_OTHER, f"{others:,}")] if others else found


def chart_of(view: UsageView) -> list[dict[str, Any]]:
    """Return the bars of each day. What is nothing is left out, so that nobody is told of it."""
    bars = []
    for day in view.days:
        parts = {f"s{n}": part for n, part in enumerate(day.parts) if part}
        others = day.sums.uses - sum(day.parts)
        bars.append({"day": _short(day.day), **parts, **({"others": others} if others else {})})
    return bars


def day_lines(view: UsageView) -> list[DayLine]:
    """Return the days that had any use, latest first."""
    return [
        DayLine(in_words(day.day), f"{day.sums.uses:,}", f"{day.sums.ok:,}", f"{day.sums.failed:,}")
        for day in reversed(view.days)
        if day.sums.uses or day.sums.ok or day.sums.failed
    ]


def choices_of(found: tuple[Used, ...]) -> list[Choice]:
    """Return what a chip offers. Variables of the server have no id; the source names them."""
    return [Choice(used.id or COMMAND_LINE, name_of(used)) for used in found if used.kind != "environment"]


def name_of(used: Used) -> str:
    """Return a name that tells apart what has the same: variables by provider, others' keys by owner."""
    if used.kind == "environment":
        return f"{used.name} ({used.provider_name})"
    owner = "system key" if used.is_system else used.owner
    return f"{used.name} ({owner})" if owner else used.name


def percent(part: float | None) -> str:
    """Return a part in words, rounded down: what is not all never says so."""
    if part is None:
        return ""
    tenths = int(part * 1000 + 1e-9)
    if part and not tenths:
        return "< 0.1 %"
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


def failures_of(sums: Sums) -> str:
    counted = [(getattr(sums, name), word) for name, word in FAILURE_WORDS.items()]
    return ", ".join(f"{count:,} {word}" for count, word in counted if count)


def in_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _span(first: date, last: date) -> str:
    return f"{_short(first) if first.year == last.year else in_words(first)} – {in_words(last)}"


def _about(used: Used) -> str:
    """Return what stands under the name, beside the mask."""
    if used.kind == "provider":
        return ""
    owner = "System key" if used.is_system else used.owner
    return " · ".join(part for part in (used.provider_name, owner) if part)


def _link(used: Used, *, is_own: bool) -> str:
    match used.place:
        case "provider":
            return (
                f"{routes.API_KEYS}?{urlencode({'provider': used.place_id})}"
                if is_own
                else f"{routes.PROVIDERS}?{urlencode({'q': used.place_id})}"
            )
        case "own_key":
            return f"{routes.API_KEYS}?{urlencode({'open': used.place_id})}"
        case "system_key":
            return f"{routes.SYSTEM_KEYS}?{urlencode({'open': used.place_id})}"
        case "agent_key":
            return f"{routes.AGENT_KEYS}?{urlencode({'q': used.place_id})}"
        case "person":
            return f"{routes.USERS}?{urlencode({'open': used.place_id})}"
        case _:
            return ""
