"""Whatever people are told they can have in Chinese: one table of sentences, in which none is missing."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from dispatcher.order.lifecycle import REFUSALS
from models.access import RIGHTS
from models.events import broken_rules, incoming
from streams.language import in_chinese, in_locale, messages, wants_chinese
from tests.conftest import REPOSITORY

# Who is told what: the place of the sentence among the arguments. Of the stages' and the audit's inner troubles
# operators are told in English.
TOLD = {
    "Poison": 1, "Problem": 2, "incomplete": 0, "not_now": 0, "PydanticCustomError": 1,
    "UsageError": 0, "TopicError": 0, "StatusError": 0, "HttpError": 0, "HealthError": 0,
    "DeadLetterError": 0, "DemoError": 0, "ClassifierError": 0, "ControlError": 0, "LogError": 0,
}  # fmt: skip
TOLD_OF_PACKS = {"ValueError": 0, "add": 3, "note": 3}
HAN = re.compile(r"[\u4e00-\u9fff]")


def templates(node: ast.expr) -> Iterator[str]:
    """The sentences that an argument may be, with `{}` for what varies; none where it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from templates(one)
            yield from templates(other)


def said_in(file: Path) -> Iterator[str]:
    """What the code of one file tells people, with the rules that problems name beside their sentence."""
    told = TOLD | (TOLD_OF_PACKS if "city" in file.parts else {})
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in told and len(node.args) > told[name]:
                yield from templates(node.args[told[name]])
            if name == "Problem":
                yield from (said for one in node.keywords if one.arg == "rule" for said in templates(one.value))


def sources() -> Iterator[Path]:
    """Every module of the project."""
    for package in ("models", "dispatcher", "streams"):
        yield from (REPOSITORY / package).rglob("*.py")


def told() -> list[str]:
    """All of it, once each."""
    statuses = [
        HTTPStatus(number).phrase for number in (400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 422, 429, 500, 503)
    ]
    rules = [*broken_rules.RULES.values(), *incoming._PATTERNS.values()]
    tables = [*REFUSALS.values(), *RIGHTS.values(), *rules, *statuses]
    found = [said for file in sources() for said in said_in(file)]
    return sorted({re.sub(r"\{[^}]*\}", "{}", said) for said in (*tables, *found)})


def test_no_sentence_is_missing() -> None:
    """What the code says has its Chinese in the table; what is only a value put together has none."""
    worded = [said for said in told() if re.search(r"[A-Za-z]{3}", said.replace("{}", ""))]
    missing = [said for said in worded if not HAN.search(in_chinese(said.replace("{}", "X9")))]

    assert missing == []
    assert len(worded) > 200
    half = [said for said in worded if _HALF.fullmatch(in_chinese(said.replace("{}", "X9")).rpartition(": ")[2])]
    assert [said for said in half if said not in messages()] == []


# Behind the beginning that fits almost anything nothing is in Chinese: it had no row of its own.
_HALF = re.compile(r"必须是 [^\u4e00-\u9fff]*[a-z]{2}[^\u4e00-\u9fff]*")


def test_no_sentence_is_left_over() -> None:
    """What is said no more leaves the table as well."""
    texts = [re.sub(r"\{[^}]*\}", "{}", text) for file in sources() for text in _texts(file)]
    phrases = [status.phrase for status in HTTPStatus]

    assert [en for en in messages() if not any(en in text for text in (*texts, *phrases, *_OF_NEWER_PYTHON))] == []


# Python 3.13 has named two statuses anew.
_OF_NEWER_PYTHON = ("Content Too Large", "Unprocessable Content", "Request Entity Too Large", "Unprocessable Entity")


def _texts(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.expr):
            yield from templates(node)


def test_both_languages_say_the_same_values() -> None:
    """Each thing that varies stands in the Chinese, under its number."""
    varying = {en: sorted(map(int, re.findall(r"\{(\d)\}", zh))) for en, zh in messages().items()}

    assert {en: numbers for en, numbers in varying.items() if numbers != list(range(en.count("{}")))} == {}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("must have at most 200 characters", "最多 200 个字符"),
        ("must be at most 0.5", "不得超过 0.5"),
        ("must be at most 7 days before the receipt (identity_reports_days)",
         "最多比接收时间晚报 7 天（identity_reports_days）"),
        ("the role camera may not read orders", "角色 camera 无权查看工单"),
        ("cameras.csv:14: lat: 30.6, 114.3 is in shiqiao, not in gulou",
         "cameras.csv:14: lat: 30.6, 114.3 位于 shiqiao，不在 gulou"),
        ("the city pack has 2 mistakes:\nlimits.csv:3: unit: the column is missing",
         "城市配置包有 2 处错误：\nlimits.csv:3: unit: 缺少该列"),
        ("0a is not promoted: only 7 labelled orders are later than both models' training; 100 are needed",
         "0a 未启用：两个模型训练之后只有 7 件带标注的工单；至少需要 100 件"),
        ("a.skops: this is not a model of Paidan: it has no manifest", "a.skops: 这不是 Paidan 的模型：没有清单"),
        ("nothing that the table knows: at all", "nothing that the table knows: at all"),
    ],
)  # fmt: skip
def test_a_sentence_keeps_its_values(english: str, chinese: str) -> None:
    """The most telling row is taken; what none fits stays as it is."""
    assert in_chinese(english) == chinese


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("zh", True), ("zh-CN,zh;q=0.9,en;q=0.8", True), ("ZH-Hant-TW", True), ("zh, en", True), ("fr, zh;q=0.5", True),
        ("en;q=0.5,zh;q=0.7", True), ("en-GB,zh;q=0.9", False), ("zh;q=0", False), ("", False), ("*", False),
        ("fr", False),
        ("zh;q=0.5, en;q=0.5", True), ("en, zh", False), ("zh;q=nonsense", True), (",;,", False),
    ],
)  # fmt: skip
def test_the_language_is_the_one_that_weighs_most(header: str, wanted: bool) -> None:
    """Of two that weigh the same the first; English where neither is named."""
    assert wants_chinese(header) is wanted


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "缺失"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_TW"}, "缺失"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "is missing"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN"}, "缺失"),
        ({}, "is missing"),
    ],
)
def test_commands_speak_the_locale(environment: dict[str, str], said: str) -> None:
    """As POSIX has it: LC_ALL before LC_MESSAGES before LANG."""
    assert in_locale("is missing", environment) == said
