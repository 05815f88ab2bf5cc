"""How pages write what is everywhere: states, digests, times, sizes, icons. Markup only; never colour alone."""

from datetime import datetime, timedelta
from urllib.parse import quote

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

register = template.Library()

SHORT = 12
KILO = 1024
MINUS = "\u2212"
LOG_ROW = 20  # px, as in log.css
LOG_ROWS = 60  # more are never seen at once
JUST_NOW = 45  # seconds, as in times.js
UNITS = (("yr.", 31_536_000), ("mo.", 2_592_000), ("day", 86_400), ("hr.", 3600), ("min.", 60))
NAMED = {"day": ("yesterday", "tomorrow"), "mo.": ("last mo.", "next mo."), "yr.": ("last yr.", "next yr.")}
# state -> (tone, icon): the tone is a class, the word stands beside it
STATES: dict[str, tuple[str, str]] = {
    "queued": ("idle", "clock"),
    "awaiting_approval": ("warn", "hourglass"),
    "in_line": ("warn", "hourglass"),
    "claimed": ("busy", "progress"),
    "building": ("busy", "progress"),
    "sending": ("busy", "progress"),
    "checking": ("busy", "progress"),
    "expired": ("idle", "clock"),
    "pushing": ("busy", "upload"),
    "running": ("busy", "progress"),
    "rolling": ("busy", "progress"),
    "starting": ("busy", "progress"),
    "stopping": ("busy", "progress"),
    "pending": ("idle", "circle-dashed"),
    "succeeded": ("good", "circle-check"),
    "healthy": ("good", "heartbeat"),
    "ready": ("good", "circle-check"),
    "failed": ("bad", "circle-x"),
    "unhealthy": ("bad", "alert-triangle"),
    "engine_down": ("bad", "server-off"),
    "refused": ("bad", "ban"),
    "lost": ("warn", "cloud-off"),
    "unknown": ("warn", "cloud-off"),
    "rolled_back": ("warn", "arrow-back-up"),
    "cancelled": ("idle", "ban"),
    "superseded": ("idle", "circle-minus"),
    "stopped": ("idle", "player-stop"),
    "drained": ("idle", "player-pause"),
    "enrolled": ("idle", "hourglass"),
    "revoked": ("idle", "ban"),
    "done": ("good", "check"),
    "accepted": ("good", "check"),
    "ignored": ("idle", "circle-minus"),
    "sent": ("good", "check"),
    "skipped": ("idle", "circle-minus"),
    "empty": ("idle", "circle-dashed"),
    "waiting": ("warn", "hourglass"),
    "degraded": ("warn", "alert-triangle"),
    "down": ("bad", "circle-x"),
}
WORDS = {
    "awaiting_approval": "waits for approval",
    "in_line": "waits for its turn",
    "rolled_back": "rolled back",
    "engine_down": "engine down",
    "enrolled": "never heard",
    "empty": "nothing runs",
    "waiting": "waits for approval",
}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite, silent: the word beside it speaks."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>', extra, static("dist/icons.svg"), name
    )


@register.filter
def state_mark(state: str) -> SafeString:
    """A state as icon and word."""
    tone, name = STATES.get(state, ("idle", "question-mark"))
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', tone, icon(name), word(state))


@register.filter
def word(state: str) -> str:
    """A state as people say it."""
    return WORDS.get(state, state.replace("_", " "))


@register.filter
def tone(state: str) -> str:
    """The tone of a state, for a class."""
    return STATES.get(state, ("idle", ""))[0]


@register.filter
def short(digest: str) -> str:
    """The first characters of a digest, without its algorithm."""
    return digest.removeprefix("sha256:")[:SHORT]


@register.filter
def copied(text: str) -> SafeString:
    """A digest, short; a click copies it whole."""
    if not text:
        return format_html('<span class="soft">{}</span>', "none yet")
    return format_html(
        '<button type="button" class="digest" data-copy="{}" title="Copy {}">{}</button>',
        text,
        text,
        short(text),
    )


@register.filter
def when(moment: datetime | None) -> SafeString:
    """A time: relative, the exact one on hover; times.js keeps it true, in the reader's zone."""
    if moment is None:
        return format_html('<span class="soft">{}</span>', "never")
    text = moment.strftime("%Y-%m-%d %H:%M UTC")
    return format_html('<time datetime="{}" data-ago title="{}">{}</time>', moment.isoformat(), text, ago(moment))


def ago(moment: datetime) -> str:
    """A time against now, in the very words of times.js, so that nothing moves when that takes over."""
    exact = (moment - now()).total_seconds()
    if abs(exact) < JUST_NOW:
        return "just now"
    unit, length = next(((unit, length) for unit, length in UNITS if abs(exact) >= length), UNITS[-1])
    count = int(abs(exact) / length + 0.5)
    if count == 1 and unit in NAMED:
        return NAMED[unit][exact > 0]
    said = f"{max(count, 1)} {unit}{'s' if unit == 'day' else ''}"
    return f"in {said}" if exact > 0 else f"{said} ago"


@register.simple_tag
def lasted(start: datetime | None, end: datetime | None, over: bool = False) -> str | SafeString:
    """How long something took, or takes until now: times.js counts on. Nothing for what is over without an end."""
    if start is None or (end is None and over):
        return ""
    if end is not None:
        return span(end - start)
    whole = max(int((now() - start).total_seconds()), 0)
    said = f"{whole} s" if whole < 60 else span(timedelta(seconds=whole))
    return format_html('<span data-lasts="{}">{}</span>', whole, said)


@register.filter
def span(length: timedelta) -> str:
    """A duration in the two units that matter."""
    exact = max(length.total_seconds(), 0.0)
    if exact < 10:
        return f"{exact:.1f} s"
    whole = int(exact)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@register.filter
def seconds(length: float) -> str:
    """A duration given in seconds."""
    return span(timedelta(seconds=length))


@register.filter
def size(count: int | None) -> str:
    """Bytes for people."""
    if count is None:
        return "unknown"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < KILO or unit == "TB":
            break
        amount /= KILO
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


@register.filter
def change(count: int | None) -> str:
    """Bytes more or less, with their sign; nothing of what is not known."""
    if count is None:
        return ""
    return f"{'+' if count > 0 else MINUS}{size(abs(count))}" if count else "0"


@register.filter
def longer(seconds: float | None) -> str:
    """Seconds more or less, with their sign; nothing of what is not known."""
    if seconds is None:
        return ""
    return f"{'+' if seconds >= 0 else MINUS}{span(timedelta(seconds=abs(seconds)))}"


@register.filter
def percent(share: float) -> str:
    """A share of 0 to 1; what is there is never nothing."""
    return "under 1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


@register.filter
def log_height(lines: int) -> int:
    """The room that an ended log will take, in px: kept before its lines are here, so that nothing jumps."""
    return min(lines, LOG_ROWS) * LOG_ROW


@register.filter
def of(mapping: dict[str, object], key: str) -> object:
    """The value of a key that is known only here."""
    return mapping.get(key, "")


@register.filter
def segment(text: str) -> str:
    """Text as one part of an address."""
    return quote(text, safe="")
