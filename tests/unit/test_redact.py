"""What is personal is masked, what is not stays, and the reporter is a hash."""

import pytest
from cryptography.fernet import Fernet, InvalidToken

from models.errors import UsageError
from models.redact import MASK, Contact, mask, reporter_hash, seal, unseal

MASKED = [
    ("请联系13812345678谢谢", "请联系***谢谢"),
    ("电话 138 1234 5678。", "电话 ***。"),
    ("138-1234-5678", "***"),
    ("138.1234.5678", "***"),
    ("１３８１２３４５６７８", "***"),
    ("＋８６　１３８１２３４５６７８", "＋***"),
    ("+86-138-1234-5678", "+***"),
    ("008613812345678", "***"),
    ("1 3 8 1 2 3 4 5 6 7 8", "***"),
    ("138\u200b1234\u200b5678", "***"),
    ("0571-88886666", "***"),
    ("(0571) 8888-6666", "(***"),
    ("（010）88886666转12", "（***转12"),
    ("座机：8888 6666", "座机：***"),
    ("call me at 5550123", "call me at ***"),
    ("400-820-8820", "***"),
    ("身份证11010519491231002X号", "身份证***号"),
    ("110105491231002", "***"),
    ("卡号6222 0212 3456 7890 123", "卡号***"),
    ("鄂A12345违停", "***违停"),
    ("鄂A·D12345", "***"),
    ("鄂AD12345绿牌", "***绿牌"),
    ("粤Z1234港", "***"),
    ("鄂Ａ１２３４５", "***"),
    ("苏e·6k8p2白色", "***白色"),
    ("WJ京1234X", "***"),
    ("京A8888警", "***"),
    ("请发zhang.wei@163.com", "请发***"),
    ("a＠b.com.cn", "***"),
    ("2026-03-01 13812345678", "***"),
]
KEPT = [
    "幸福路的路灯坏了好几天",
    "A市3栋2单元1201室",
    "2026-03-01 08:30 路灯坏了",
    "从2026-03-01到2026-03-04",
    "2026-03-01 2026-03-04",
    "20260301",
    "12-3-401",
    "工单88886666已超时",
    "G25高速K1234+500",
    "积水30.5厘米，长100米",
    "三环内1号、2号、3号楼",
    "@所有人",
    "the light at 1200 Main Street, apartment 4B",
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_personal_numbers_are_masked(text: str, expected: str) -> None:
    """However they are written."""
    assert expected == mask(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_personal_number_stays(text: str) -> None:
    """Dates, houses, roads and amounts are what a report is about."""
    assert text == mask(text)


def test_masking_twice_changes_nothing_more() -> None:
    """A replayed dead letter is masked again."""
    for text, _ in MASKED:
        assert mask(text) == mask(mask(text))


def test_a_phone_number_is_one_reporter_however_it_is_written() -> None:
    """And another key gives another hash."""
    plain = reporter_hash(b"k", "13812345678")
    written = ("+86 138 1234 5678", "１３８１２３４５６７８", "0086-13812345678", " 13812345678 ")
    assert {plain} == {reporter_hash(b"k", text) for text in written}
    assert plain != reporter_hash(b"other", "13812345678")
    assert (len(plain), reporter_hash(b"k", "  ")) == (32, "")
    assert MASK not in plain


def test_a_contact_can_be_read_with_its_key_only() -> None:
    """Another key opens nothing; without a key nothing is kept."""
    key, contact = Fernet.generate_key().decode(), Contact("王小明", "13812345678")
    token = seal(key, contact)
    assert "13812345678" not in token
    assert contact == unseal(key, token)
    with pytest.raises(InvalidToken):
        unseal(Fernet.generate_key().decode(), token)
    assert (seal("", contact), seal(key, Contact())) == ("", "")


def test_a_key_that_cannot_encrypt_is_named() -> None:
    """The sentence names the setting."""
    with pytest.raises(UsageError, match="PAIDAN_CONTACT_KEY"):
        seal("short", Contact("a"))
