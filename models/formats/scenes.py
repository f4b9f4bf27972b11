"""Does an algorithm describe what it sees 场景描述, or does its text only say once more that there is an alarm?

`Motion alarm`, `Vehicle detected` and `设备报警` name the kind of the alarm; `manhole cover missing` and `有人闯入` are
words like a citizen's.
"""

import re

from models.plain_words import fold

# Words that devices put around the name of an alarm, what a camera's own rules watch, and whom or what they see pass.
_OF_ALARMS = frozenset(
    re.findall(
        "[a-z]+",
        """
        access active alarm alarms alert alerts and anpr area audio began begin body broken camera car change channel
        conflict counting crossing description detect detected detecting detection detector device disconnected disk
        duration end ended enter entered entrance error event events exception exit exited exiting face field for from
        full has human illegal inactive input intrusion line login loss motion name network normal notice notification
        object ongoing output people person pir plate queue region rule scene sensor smart start started state status
        stop storage system tamper tampering target test the this trigger triggered type unknown vehicle video warning
        was wireless with zone
        """,
    )
)
_OF_ALARMS_ZH = re.compile(
    "摄像头|摄像机|机动车|报警|告警|警报|警情|预警|警告|事件|检测|侦测|识别|抓拍|触发|开始|结束|停止|持续|移动|视频|音频|画面|描述|类型|"
    "通知|设备|通道|输入|输出|系统|测试|异常|错误|状态|区域|越界|入侵|发现|智能|信息|人体|人脸|行人|车辆|车牌|目标|硬盘|存储|网络|断开|冲突|"
    "非法|登录|访问|计数"
)
_LATIN_WORD = re.compile("[a-z]+")
_PARTICLES = "有的了在和与中一个名人出现到被请处满已未"
_OTHER_LETTER = re.compile(rf"[^\W\d_a-z{_PARTICLES}]")
_LEAST = 3  # Latin letters of a word; shorter ones are articles, units, endings


def describes_scene(text: str, label: str) -> bool:
    """Whether a text has words beyond its label and beyond those that only say that something was detected."""
    name, rest = fold(label), fold(text)
    letters = "".join(_LATIN_WORD.findall(name))
    if len(name) >= _LEAST or not name.isascii():
        rest = rest.replace(name, " ")
    for word in _LATIN_WORD.findall(rest):
        if len(word) >= _LEAST and word not in _OF_ALARMS and word not in letters:
            return True
    return _OTHER_LETTER.search(_OF_ALARMS_ZH.sub(" ", rest)) is not None
