"""Does an algorithm describe what it sees 场景描述, or does its text only say once more that there is an alarm?

`Motion alarm`, `Vehicle detected` and `设备报警` name the kind of the alarm; `manhole cover missing` and `有人闯入` are
words like a citizen's.
"""

import re

from models.plain_words import fold

# Words that devices put around the name of an alarm, what a camera's own rules watch, and whom or what they see pass.
_OF_ALARMS = frozenset(
    [
        *("active", "alarm", "alarms", "alert", "alerts", "and", "area", "began", "begin", "body", "camera", "car"),
        *("change", "channel", "crossing", "description", "detect", "detected", "detecting", "detection", "detector"),
        *("device", "end", "ended", "enter", "entered", "entrance", "event", "events", "exit", "exited", "exiting"),
        *("face", "field", "for", "from", "has", "human", "inactive", "input", "intrusion", "line", "loss", "motion"),
        *(
            "name",
            "normal",
            "notice",
            "notification",
            "object",
            "output",
            "people",
            "person",
            "plate",
            "region",
            "rule",
        ),
        *("scene", "smart", "start", "started", "state", "status", "stop", "system", "tamper", "tampering", "target"),
        *("test", "the", "this", "trigger", "triggered", "type", "unknown", "vehicle", "video", "warning", "was"),
        *("with", "zone"),
    ]
)
_IN_CHINESE = (
    *(
        "摄像头",
        "摄像机",
        "机动车",
        "报警",
        "告警",
        "警报",
        "警情",
        "预警",
        "警告",
        "事件",
        "检测",
        "侦测",
        "识别",
        "抓拍",
    ),
    *("触发", "开始", "结束", "停止", "移动", "视频", "画面", "描述", "类型", "通知", "设备", "通道", "输入", "输出"),
    *("系统", "测试", "异常", "状态", "区域", "越界", "入侵", "发现", "智能", "信息", "人体", "人脸", "行人", "车辆"),
    *("车牌", "目标"),
)
_OF_ALARMS_ZH = re.compile("|".join(_IN_CHINESE))
_LATIN_WORD = re.compile(r"[a-z]+")
_OTHER_LETTERS = re.compile(r"[^\W\d_a-z]+")
_LEAST_LATIN, _LEAST_OTHER = 3, 2  # letters; shorter ones are articles, units, endings


def describes_scene(text: str, label: str) -> bool:
    """Whether a text has words beyond its label and beyond those that only say that something was detected."""
    name = fold(label)
    letters = "".join(_LATIN_WORD.findall(name))
    rest = fold(text).replace(name, " ") if name else fold(text)
    for word in _LATIN_WORD.findall(rest):
        if len(word) >= _LEAST_LATIN and word not in _OF_ALARMS and word not in letters:
            return True
    others = _OTHER_LETTERS.findall(_OF_ALARMS_ZH.sub(" ", rest))
    return any(len(word) >= _LEAST_OTHER for word in others)
