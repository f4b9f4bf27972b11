"""Numbers of people: phones, identity numbers, cards, papers."""

import re

from models.masking.late import late
from models.masking.legible import GAP
from models.masking.shape import (
    EDGE,
    END,
    FREE,
    TAME,
    WORD_EDGE,
    WORD_END,
    digits_of,
    groups_of,
    shape,
    spread,
    table,
)

DATE = late(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?"
    r"|(?:19|20)\d\d(?:19|20)\d\d"
)
_FREE_OF_CHARGE = late(r"[48]00\d{7,11}")
_OFFSET = late(r"\+? ?\d{1,3}\.\d+")
_LISTED = late(r"[，、,/|\\:：]")
_SINGLY = late(rf"(?<![0-9])[0-9](?:{GAP}[0-9](?![0-9])){{2,}}")  # digit by digit
# How people group the eleven digits of a mobile number; other groups are rather a list or a measure.
_MOBILE_GROUPS = {
    *((11,), (3, 8), (7, 4), (5, 6), (6, 5), (4, 7)),
    *((3, 4, 4), (4, 4, 3), (3, 3, 5), (5, 3, 3), (4, 3, 4), (2, 4, 5), (3, 2, 2, 2, 2)),
    *((2, 2, 2, 2, 2, 1), (1, 2, 2, 2, 2, 2), (3, 3, 3, 2)),
}
_OLD_GROUPS = {(15,), (6, 6, 3)}
_FEW_GROUPS = 5
_FAR = 20
_DIGIT = late("[0-9]")


def _is_mobile(found: re.Match[str]) -> bool:
    number = found["number"]
    groups = groups_of(_SINGLY.sub(lambda singly: digits_of(singly[0]), number))
    return groups in _MOBILE_GROUPS or (len(groups) == 2 and not _LISTED.search(number))


def _is_far_from_digits(found: re.Match[str]) -> bool:
    start, end = found.span()
    near = found.string[max(0, start - _FAR) : start] + found.string[end : end + _FAR]
    return _DIGIT.search(near) is None


def _is_mobile_in_few_groups(found: re.Match[str]) -> bool:
    return len(groups_of(found[0])) <= _FEW_GROUPS + 1


def _is_born(found: re.Match[str]) -> bool:
    """Whether the date of birth in an identity number is one; those of 15 digits leave the century out."""
    digits, groups = digits_of(found[0]), groups_of(found[0])
    if len(digits) == 15:
        return groups in _OLD_GROUPS and DATE.fullmatch("19" + digits[6:12]) is not None
    return DATE.fullmatch(digits[6:14]) is not None


def _is_card(found: re.Match[str]) -> bool:
    """By the check digit (ISO/IEC 7812), or one of UnionPay's, which often are typed wrongly."""
    digits, groups = digits_of(found[0]), groups_of(found[0])
    if DATE.match(digits):
        return False
    if len(groups) > 2 and set(groups) != {1} and not (min(groups[:-1]) >= 3 and max(groups) <= 6):
        return False
    return digits.startswith("62") or _luhn(digits)


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _is_number(found: re.Match[str]) -> bool:
    """No date, no list, no number that is free of charge."""
    digits, groups = digits_of(found[0]), groups_of(found[0])
    if DATE.fullmatch(digits) or _FREE_OF_CHARGE.fullmatch(digits):
        return False
    return len(groups) <= _FEW_GROUPS or set(groups) == {1}


def _is_account(found: re.Match[str]) -> bool:
    """A number, also in fours."""
    return _is_number(found) or set(groups_of(found[0])[:-1]) == {4}


def _is_international(found: re.Match[str]) -> bool:
    """No offset such as +114.305250."""
    return 8 <= len(digits_of(found[0])) <= 16 and _OFFSET.fullmatch(found[0]) is None


def _has_ten_digits(found: re.Match[str]) -> bool:
    return len(digits_of(found[0])) in (10, 11)


def _has_eleven_digits(found: re.Match[str]) -> bool:
    return len(digits_of(found[0])) == 11


# How long the account numbers of each country are (ISO 13616, the registry of IBANs).
IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC SM",
        28: "AL AZ BY CY DO EG GT HN HU LB NI PL SD SV", 29: "BR PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
        32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def _is_iban(found: re.Match[str]) -> bool:
    """Whether the country has numbers of that length, and the check digits are right (ISO 7064, mod 97-10)."""
    signs = found[0].replace(" ", "")
    if IBAN_LENGTHS.get(signs[:2]) != len(signs):
        return False
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def _has_five_digits(found: re.Match[str]) -> bool:
    digits = digits_of(found[0])
    return len(digits) >= 5 and DATE.fullmatch(digits) is None


_EXTENSION = rf"(?:{TAME}(?:转(?:分机)?|分机|ext\b\.?|extension|x|#) ?[0-9]{{1,6}}|-[0-9]{{1,4}}{END})?"

# What most people write: eleven digits together, far from all others. Once they are hidden the other tables have no
# digits left to be looked through for.
MOBILES = table(
    "1[3-9][0-9]{9}",
    # What stands before is asked after the first digit: a pattern that begins with a question is tried at every place.
    shape(
        "phone",
        r"1(?<![A-Za-z0-9_.+\-].)[3-9][0-9]{9}(?![A-Za-z0-9_.+\-])",
        fits=_is_far_from_digits,
        telling=True,
    ),
)

_IBAN = (WORD_EDGE, r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?", WORD_END)

PAPERS = table(
    r"[a-z第0-9](?:(?<=[a-z第])[ \-]?[0-9]|(?<=[0-9])(?:[ \-.]{0,3}[0-9]){5})",
    # Britain's National Insurance number.
    shape("ssn", WORD_EDGE, r"(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)(?: ?[0-9]{2}){3} ?[A-D]", WORD_END),
    # IBAN; with a mistake in it where a word tells of an account.
    shape("card", *_IBAN, fits=_is_iban),
    shape("card", *_IBAN, words="card", fits=_has_five_digits),
    shape(
        "document",
        *(WORD_EDGE, r"军?字?第?[A-Z]{0,5}[ \-]?[0-9](?:[ \-]?[A-Z0-9]){5,17}", WORD_END),
        words="document",
        fits=_has_five_digits,
    ),
    shape("document", WORD_EDGE, "[a-z]{1,2}[0-9]{6,9}", WORD_END, words="document"),
    shape("id", WORD_EDGE, f"[A-Z]{{0,2}}[0-9]{spread('5,17', TAME)}[Xx]?(?:[(（][0-9A][)）])?", END, words="id"),
    # Hong Kong's, with its check digit in brackets.
    shape("id", WORD_EDGE, r"[A-Z]{1,2} ?[0-9]{6} ?[(（][0-9A][)）]"),
)

NUMBERS = table(
    rf"[0-9](?:{GAP}[0-9]){{6}}",
    shape(
        "phone",
        rf"{EDGE}\+{TAME}(?P<it>[1-9](?:{TAME}[0-9]){{6,14}}{END}{_EXTENSION})",
        fits=_is_international,
        certain=True,
    ),
    shape(
        "id",
        rf"{EDGE}[1-9]{spread(5)}{GAP}(?:1{GAP}[89]|2{GAP}0){spread(9)}{GAP}(?:[0-9]|[Xx](?![A-Za-z])){END}",
        fits=_is_born,
        telling=True,
    ),
    shape("id", f"{FREE}[1-8]{spread(14)}{END}", fits=_is_born),
    # Accounts of firms 对公账户 have up to 24 digits; a part of one may look like a card.
    shape("card", f"{EDGE}[0-9]{spread('7,23')}{END}", words="card", fits=_is_account),
    shape("card", f"{FREE}[2-6]{spread('14,18')}{END}", fits=_is_card),
    shape(
        "phone",
        f"{EDGE}(?P<it>(?:(?:00{TAME})?86{GAP})?(?P<number>1{GAP}[3-9]{spread(9)})){END}",
        fits=_is_mobile,
        telling=True,
    ),
    # With the prefix that one dials in most countries, in North America, in Australia.
    shape("phone", rf"{FREE}(?:00|0?011[ .\-])[1-9](?:{TAME}[0-9]){{8,13}}{END}", fits=_is_international),
    # A landline with its area code 固定电话.
    shape(
        "phone",
        *(FREE, r"[(（]?(?P<it>0(?:10|2[0-9]|[3-9][0-9]{2})", rf"(?:{TAME}[2-8]|[ \-‐-―−)）】\].·]{{1,3}}[1-9])"),
        *(f"(?:{TAME}[0-9]){{6,7}}", END, _EXTENSION, ")"),
        fits=_is_number,
    ),
    shape(
        "phone",
        r"(?:区号|area code)[是为]?[ :：(]{0,2}(?P<it>[0-9]{3,4}[ ，,、)）.\-]{0,3}[2-9]",
        *(f"(?:{TAME}[0-9]){{6,7}})", END),
    ),
    # North America as it writes at home, but for numbers that are free of charge.
    shape(
        "phone",
        *(FREE, r"(?P<it>(?:1[ .\-]\(?)?(?!(?:400|8(?:00|88|77|66|55|44|33))[^0-9])[2-9][0-9]{2}"),
        *(r"[) .\-/]{1,2}[2-9][0-9]{2}[ .\-/][0-9]{4}", END, _EXTENSION, ")"),
    ),
    # Britain, Australia, Taiwan.
    shape(
        "phone",
        *(FREE, r"(?!0800)0(?:7[0-9]{3}[ \-]?[0-9]{6}|7[0-9]{3}[ \-][0-9]{3}[ \-][0-9]{3}"),
        *(r"|[1-3][0-9]{0,4}(?:[ \-][0-9]{3,4}){1,2}|[49][0-9]{2,3}[ \-][0-9]{3}[ \-][0-9]{3})", END),
        fits=_has_ten_digits,
    ),
    # Russia; Hong Kong, Macau and Taiwan with their code; Taiwan's mobiles; France; China with its code.
    shape("phone", FREE, r"8[ \-]?\(?9[0-9]{2}[) \-]{1,2}[0-9]{3}[ \-]?[0-9]{2}[ \-]?[0-9]{2}", END),
    shape("phone", FREE, r"\(?(?P<it>(?:852|853|886)[) \-]{1,2}[0-9]{3,4}[ \-]?[0-9]{3,4}(?:[ \-]?[0-9]{3})?)", END),
    shape("phone", FREE, r"(?:09[0-9]{8}|0[1-9](?:[ .][0-9]{2}){4}|86[ \-][1-9][0-9]{1,2}[ \-][1-9][0-9]{6,7})", END),
    shape("ssn", FREE, "[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}", END, "(?!-)"),
    # What only a word can tell.
    shape("phone", f"{FREE}[1-9](?:{TAME}[0-9]){{6,12}}{END}{_EXTENSION}", words="phone", fits=_is_number),
    shape("phone", f"{EDGE}1(?:{GAP}[0-9]){{10}}{END}", words="phone", fits=_is_mobile_in_few_groups),
    shape("ssn", f"{EDGE}[0-9]{spread(8)}{END}", words="ssn"),
)

# Words that people put between the groups of a number that they dictate.
_JOIN = (
    r"[ ，,、。.\-—]{0,3}(?:(?:开头|打头|的|然后|接着|再[是来]?|后(?:面|[三四六七八]位)?是?|中间(?:[三四]位)?是?"
    r"|最后(?:四位)?是?|尾[号数]是?|接|跟|加|空格|横?杠|横线|减|换行"
    r"|then|and|dash|hyphen|space|dot|finally|followed by)[ ，,:：]{0,2}){1,3}"
)

DICTATED = table(
    "1[3-9][0-9](?:[0-9]{1,6}[^0-9]{1,20}[0-9]{3}|[^0-9]{1,20}[0-9]{4})",
    shape("phone", f"{EDGE}(?P<it>1[3-9][0-9]{_JOIN}[0-9]{{4}}(?:{_JOIN}|{GAP})[0-9]{{4}}){END}"),
    shape("phone", f"{EDGE}(?P<it>1[3-9][0-9]{GAP}[0-9]{{4}}{_JOIN}[0-9]{{4}}){END}"),
    shape("phone", f"{EDGE}(?P<it>1[3-9][0-9]{{1,7}}{_JOIN}[0-9]{{2,8}}){END}", fits=_has_eleven_digits),
)

_SPOKEN = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|hundred|thousand)"
_IN_ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "zero")
_IN_PINYIN = ("yi", "yao", "er", "liang", "san", "si", "wu", "liu", "qi", "ba", "jiu", "ling", "dong", "guai", "gou")
_PINYIN = f"(?:{'|'.join(_IN_PINYIN)})"

# Digits that are written out.
SPOKEN = table(
    "|".join(
        [rf"{word}[ ,\-]{{1,3}}{_SPOKEN}" for word in _IN_ENGLISH]
        + [f"{word}(?: ?{_PINYIN}){{2}}" for word in _IN_PINYIN]
    ),
    shape("phone", rf"\b{_SPOKEN}(?:[ ,\-]{{1,3}}{_SPOKEN}){{6,15}}\b", certain=True, fold=True),
    shape("phone", rf"\b{_PINYIN}(?: ?{_PINYIN}){{6,15}}\b", certain=True, fold=True),
    digits=False,
)
