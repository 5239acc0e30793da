"""Text of others, made harmless for every place a message may be read in.

A deploy's version, an actor, a segment, a title or an error comes from whoever may deploy, sell or write rules. Shown
in Slack, Discord, Teams, Mattermost, Telegram or a mail it must neither call people, nor look like a link, nor change
how the rest of the message reads. Nothing invisible or full-width is put in: what is copied out of a message should
work, and where it cannot be the same it is visibly different.
"""

import re
import unicodedata

__all__ = ["inert", "link"]

MAX_LINK = 300

# Letters to the Unicode tables, nothing to the eye: Hangul fillers, the Khmer inherent vowels, the combining joiner,
# Mongolian and standard variation selectors (Default_Ignorable_Code_Point in DerivedCoreProperties.txt).
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_BLANK = re.compile("[\\s\u2028\u2029\u2800]+")

# Cc control, Cf format (bidi, zero width, tags), Cs surrogates, Co private use, Cn unassigned.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARKS_IN_A_ROW = 2

_LOOKALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",  # Slack's <!channel> and <url|text>, HTML
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "(",  # Markdown links and images
        "]": ")",
        "|": "\N{BROKEN BAR}",  # Slack links, Discord spoilers, tables
        "*": "\N{ASTERISK OPERATOR}",
        "~": "\N{TILDE OPERATOR}",
        "`": "'",
        "\\": "/",  # would take the meaning from, or give it to, the character after it
        "\N{FULLWIDTH COMMERCIAL AT}": "@",
        "\N{SMALL COMMERCIAL AT}": "@",
    }
)

_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word (credit_card) it is no emphasis anywhere
_MENTION = re.compile(r"@(?=[^\s…])")
_SCHEME = re.compile(r":(?=//)")
_WWW = re.compile(r"\bwww\.(?=\S)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#|[A-Za-z])(?=#?\w+;)")
_DOUBLE_BRACE = re.compile(r"([{}])(?=\1)")
_LINE_START = re.compile(
    r"^(?:[#+=\u2039\u203a-]+(?:\s+|$))+"
)  # headings, lists, quotes (by now \u2039 and \u203a), rulers

_LINK = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?(?:[/?#][!-~]*)?",
    re.IGNORECASE,
)
_NOT_IN_LINKS = re.compile(r"[^A-Za-z0-9\-._:/?#=&%+,;$!]")


def inert(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters that reads nearly the same and does nothing.

    Repeating it changes nothing. Text that is plain already comes back as it is.
    """
    plain = _neutral(_visible(text[: 8 * limit]))
    if len(plain) <= limit:
        return plain
    cut = _neutral(plain[: limit - 1])
    return (cut[:-1] if cut.lower().endswith("www.") else cut) + "…"  # "www.…" would be a link again


def link(url: str | None) -> str:
    """The address if it is a plain http or https one of at most 300 characters without a login; else nothing.

    Characters that some service reads as markup are percent-encoded, which leaves the address the same.
    """
    if url is None or not _LINK.fullmatch(url):
        return ""
    safe = _NOT_IN_LINKS.sub(lambda found: f"%{ord(found.group()):02X}", url)
    return safe if len(safe) <= MAX_LINK else ""


def _visible(text: str) -> str:
    """Only what can be seen, blanks as one space, and no towers of accents."""
    kept: list[str] = []
    marks = 0
    for character in _BLANK.sub(" ", _INVISIBLE.sub("", text)):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category not in _UNSEEN and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return _BLANK.sub(" ", "".join(kept)).strip()


def _neutral(text: str) -> str:
    text = _LINE_START.sub("", text.translate(_LOOKALIKES))
    text = _EDGE_UNDERSCORE.sub("\N{MODIFIER LETTER LOW MACRON}", text)
    text = _MENTION.sub("@ ", text)
    text = _SCHEME.sub(": ", text)
    text = _WWW.sub("www. ", text)
    text = _ENTITY.sub("& ", text)
    return _DOUBLE_BRACE.sub(r"\1 ", text).strip()
