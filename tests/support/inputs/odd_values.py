"""Values about which parsers disagree: texts at each limit, addresses, instants, numbers, and what is no value."""

from tests.support.messages import ORDER

LIMITS = (64, 128, 200, 256, 500, 1_000, 10_000)
NASTY = [
    "", " ", "\u3000坑", "坑 ", "坑\n", "\x1c坑", "坑\x1f", "\u200b坑", "\x85坑", "\u180e坑", "\x00", "坑\x00坑",
    "\\u0000", "\ud83d", "\U0001f6a7", "e\u0301", "\x7f", "\u2028", "null", "13812345678", "鄂A12345", "a@b.cn",
    "荷花苑", "unlocated", ORDER, ORDER + "\n", ORDER.replace("2", "２"), "south-w-20260301-ABCDEFGH23",
    *(char * n for most in LIMITS for n in (most, most + 1) for char in "a路"),
]  # fmt: skip
ADDRESSES = [
    "http://a", "https://a.example/b?c#d", "HTTPS://x", "http://", "http:// a", "http://a b", "http://a\n", "ftp://a",
    "http://路.example", "http://a\u00a0b", "http://a\u2028", "http://a\x7f", "http://a\x00", " http://a", "http://\U0001f6a7",
    "http://" + "a" * 2_041, "http://" + "a" * 2_042,
]  # fmt: skip
INSTANTS = [
    "2026-03-05T00:00:00+08:00", "2026-03-05T00:00:00Z", "2026-03-05T00:00:00.123456789Z", "2026-03-05", "soon", "",
    "2026-03-05T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "1970-01-01T00:00:00Z",
    "2200-01-01T00:00:00Z", "20260305T000000Z", "2026-03-05 00:00:00Z", "2026-03-05T24:00:00Z", "2026-W10-4T00:00:00Z",
]  # fmt: skip
# As JSON, from here on.
NUMBERS = [
    "0", "-0", "-0.0", "1", "1.0", "0.6", "0.59999999999999999", "1e0", "1E-3", "1e400", "1e-400", "NaN", "Infinity",
    "-Infinity", "true", '"1"', "90", "-90", "90.00000000000001", "180", "-180.5", "01", "1.", ".5", "+1", "1e",
    "30.05", "114.05", "1000000", "1000001", "2.0", "9007199254740993", "18446744073709551616", "1" * 400,
    "0." + "1" * 400, "1" + "0" * 4_400 + "e-4400", "0e99999999999", "5e-324",
]  # fmt: skip
OTHER = ["null", "[]", "{}", "[1]", '{"a": 1}', "[" * 300 + "]" * 300, '"\\ud800"', '"\\u0000"', '"\x01"', "nul", "1,"]
