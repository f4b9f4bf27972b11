"""Personal data out of free text, and the reporter as a keyed hash.

Masked: phone numbers (mobile, landline, 400/800, with +86, full width, spaced or dashed), identity card numbers (15 and
18), bank card numbers, number plates (with new energy, police, trailer), e-mail addresses. Doubt is settled for
privacy: whatever is a number of eleven digits or more goes, a date with a time of day stays. Texts without a digit and
without an at sign come back as they are.
"""

import hashlib
import hmac
import re
import unicodedata

import msgspec
from cryptography.fernet import Fernet

from models.errors import UsageError

MASK = "***"

# What people put between the digits of one number: blanks, dashes, brackets, dots in the middle, invisible characters.
_GAP = r"[ \t\u00a0\u3000\-\u2010-\u2015－−()（）+＋·_\u200b-\u200f\u2060\ufeff]"
_D = "[0-9０-９]"
_NUMBER = re.compile(rf"{_D}(?:{_GAP}{{0,3}}{_D}){{6,}}[Xx]?")
_DOTTED_MOBILE = re.compile(rf"(?<!{_D})[1１][3-9３-９]{_D}[.．]{_D}{{4}}[.．]{_D}{{4}}(?!{_D})")
_DATES = re.compile(
    rf"(?:{_GAP}*(?:(?:19|20)\d\d-\d{{1,2}}-\d{{1,2}}|(?:19|20)\d{{6}})(?![\d-])"
    rf"(?:{_GAP}+(?:[01]?\d|2[0-3])(?!\d))?)+{_GAP}*"
)
# A local number alone looks like any other number: the word before it says that it is a phone's.
_LOCAL_DIGITS = (7, 8)
_PHONE_WORD = re.compile(r"(?:电话|座机|固话|联系|致电|拨打|[Tt]el|[Tt]elephone|[Pp]hone|[Cc]all)[^\d\n]{0,8}$")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCES}使领军空海Ww](?:(?<![Ww])[A-Za-zＡ-Ｚａ-ｚ][ ·•・\-]?"
    r"(?=[A-Za-zＡ-Ｚａ-ｚ]{0,5}\d)[\dA-Za-zＡ-Ｚａ-ｚ]{4,6}[挂学警港澳试超]?"
    rf"|(?<=[Ww])[Jj][ ·]?[{_PROVINCES}]?[ ·]?\d{{4}}[\dA-Za-z])"
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}[@＠](?:[A-Za-z0-9\-]{1,63}[.．]){1,8}[A-Za-z]{2,24}")
_DIGIT = re.compile(_D)
_BEFORE = 24
_PHONE = re.compile(r"(?:\+?0{0,2}86)?(1[3-9]\d{9}|0?[1-9]\d{6,11})")


def mask(text: str) -> str:
    """The text with every number that may be a person's, plate and address of mail replaced by `***`."""
    if "@" in text or "＠" in text:
        text = _EMAIL.sub(MASK, text)
    first = _DIGIT.search(text)
    if first is None:
        return text
    # Nothing that is masked begins further before its first digit; the words in front are only looked at once.
    start = max(0, first.start() - _BEFORE)
    rest = _NUMBER.sub(_masked_number, text[start:])
    if "." in rest or "．" in rest:
        rest = _DOTTED_MOBILE.sub(MASK, rest)
    return text[:start] + _PLATE.sub(MASK, rest)


def _masked_number(match: re.Match[str]) -> str:
    run = match[0]
    digits = unicodedata.normalize("NFKC", "".join(c for c in run if c.isdecimal()))
    if len(digits) > 10:
        personal = _DATES.fullmatch(run) is None
    elif len(digits) == 10:  # a landline with its area code, or a service number
        personal = digits.startswith(("0", "400", "800"))
    else:
        before = match.string[max(0, match.start() - _BEFORE) : match.start()]
        personal = len(digits) in _LOCAL_DIGITS and _PHONE_WORD.search(before) is not None
    return MASK if personal else run


def reporter_hash(key: bytes, identity: str) -> str:
    """32 hex characters that stand for a reporter: HMAC-SHA256 under the city's key; empty for an empty identity.

    A phone number gives the same hash however it is written.
    """
    plain = unicodedata.normalize("NFKC", identity).strip()
    if not plain:
        return ""
    phone = _PHONE.fullmatch(re.sub(r"[\s\-()]", "", plain))
    return hmac.new(key, (phone[1] if phone else plain).encode(), hashlib.sha256).hexdigest()[:32]


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to reach a reporter. It is sealed into the inbox where the city has a key for it; nothing opens it yet."""

    name: str = ""
    phone: str = ""


def seal(key: str, contact: Contact) -> str:
    """The contact as a Fernet token; empty without a key (contacts are not kept then) or without a contact.

    Raises UsageError when the key is not 32 bytes in URL-safe base64.
    """
    if not key or contact == Contact():
        return ""
    return _fernet(key).encrypt(msgspec.json.encode(contact)).decode()


def unseal(key: str, token: str) -> Contact:
    """The contact in a token. Raises UsageError for a bad key, cryptography.fernet.InvalidToken for a foreign token."""
    return msgspec.json.decode(_fernet(key).decrypt(token), type=Contact)


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise UsageError(
            "PAIDAN_CONTACT_KEY must be 32 bytes in URL-safe base64, as Fernet.generate_key makes"
        ) from None
