"""Number plates 车牌号码: China's by their shape, others by shape or by a word such as 车牌 or plate."""

import re

from models.masking.shape import EDGE, END, WORD_EDGE, WORD_END, shape, table

_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_DOT = r"[ ·•・∙.．_/\-‐-―−*:：,，、|~#★☆()（）]{0,3}"
_LETTER, _SIGN = "[A-Za-z]", "[A-Za-z0-9]"
_CYRILLIC = "[АВЕКМНОРСТУХавекмнорстух]"
_USED_FOR = "挂学警港澳试超领"
_LENGTHS = range(4, 9)


def _is_mixed(found: re.Match[str]) -> bool:
    """Whether it has digits and letters, and as many as plates have."""
    signs = [sign for sign in found[0] if sign.isalnum()]
    return len(signs) in _LENGTHS and any(map(str.isdigit, signs)) and any(map(str.isalpha, signs))


PLATES = table(
    r"[a-z0-9а-я使领](?:(?<=[a-z])[^0-9\n]{0,6}[0-9]|(?<=[0-9])[ \-]?[a-z가-힣ぁ-ん使]"
    r"|(?<=[а-я使领])[ ·•.\-]{0,3}[0-9])",
    shape(
        "plate",
        *(_PROVINCE, r"[ ·•\-]{0,2}", _LETTER, _DOT, f"(?={_LETTER}{{0,5}}[0-9?])[A-Za-z0-9?]"),
        *("(?:[ ·]?[A-Za-z0-9?]){4,5}", WORD_END, f"[{_USED_FOR}]?(?:应急)?"),
        certain=True,
    ),
    shape(
        "plate",
        *(_PROVINCE, " {0,2}", _LETTER, _DOT, f"(?={_LETTER}{{0,3}}[0-9]){_SIGN}{{3,4}} ?(?:[{_USED_FOR}]|应急)"),
        certain=True,
    ),
    shape("plate", _PROVINCE, _DOT, "领", _DOT, f"{_LETTER}?[0-9]{{4,5}}", END, certain=True),
    # Embassies and consulates; the armed police; the army.
    shape("plate", "使", _DOT, "[0-9]{3}", _DOT, "[0-9]{3}", END, certain=True),
    shape("plate", "领[0-9]{3}[·•・∙\\-‐-―−]", "[0-9]{3}", END, certain=True),
    shape("plate", EDGE, "[0-9]{3}", _DOT, "[0-9]{3} ?使(?![用得者])", certain=True),
    shape(
        "plate",
        *("(?<![A-Za-z])[Ww][Jj]", _DOT),
        *(f"(?:(?:{_PROVINCE}|[0-9]{{2}}){_DOT}[0-9]{{4}}{_SIGN}|[0-9]{{2}}{_DOT}[0-9]{{5}})", WORD_END),
        certain=True,
    ),
    shape("plate", "[军空海北沈兰济南广成][A-Z]", _DOT, "[0-9]{5}", END, certain=True),
    # Elsewhere as only they write them: Britain, France, California, Russia, Korea, Japan, India.
    shape("plate", WORD_EDGE, "[A-Z]{2}[0-9]{2} ?[A-Z]{3}", WORD_END),
    shape("plate", WORD_EDGE, "[A-Z]{2}-[0-9]{3}-[A-Z]{2}", r"(?![A-Za-z0-9\-])"),
    shape("plate", WORD_EDGE, "[1-9][A-Z]{3}[0-9]{3}", WORD_END),
    shape("plate", f"{_CYRILLIC} ?[0-9]{{3}} ?{_CYRILLIC}{{2}} ?[0-9]{{2,3}}", END),
    shape("plate", EDGE, "[0-9]{2,3}[가-힣] ?[0-9]{4}", END),
    shape("plate", "[\u4e00-\u9fff]{1,4}[0-9]{2,3} ?[ぁ-ん] ?[0-9]{1,2}-?[0-9]{2}", END),
    shape("plate", WORD_EDGE, "[A-Z]{2}[0-9]{1,2}[A-Z]{1,3}[0-9]{4}", WORD_END),
    # What only a word can tell.
    shape("plate", f"领{_DOT}[0-9]{{3}}{_DOT}[0-9]{{3}}", END, words="plate"),
    shape("plate", WORD_EDGE, r"[A-Z0-9]{1,8}(?:[ ·\-.][A-Z0-9]{1,5}){0,3}", WORD_END, words="plate", fits=_is_mixed),
    shape("plate", WORD_EDGE, "(?:[a-z]{2,3} ?[0-9]{3,4}|[a-z0-9]{5,8})", WORD_END, words="plate", fits=_is_mixed),
)
