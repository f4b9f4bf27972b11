"""What ends a message without saying what it is about 套话: thanks, urging, how long it has lasted, who nearly fell.

`有个大坑，电动车差点摔倒，谢谢` is as surely about a hole as `有个大坑`. So clauses at the end that consist of such
words alone are left out before a text is judged; what has no other clause stays whole: a thanks is a thanks.
"""

import re

from models.plain_words import fold

_REACH = 48  # characters: a longer clause says more than a formula does
_LEAST = 2  # characters that must be left
_BEFORE = re.compile(r"[，,、。；;！!？?~～…\n]|(?<=[A-Za-z])\.\s")
_MARKS = "，,、。；;！!？?~～….\n\t 　"

# A clause of one kind consists of words of that kind alone, one of its first list at least.
_KINDS: tuple[tuple[str, str], ...] = (
    (
        "感谢 谢谢 多谢 谢了 辛苦",
        "非常 十分 先 提前 你们 您 您们 大家 各位 领导 了 啦 哦 呀 啊",
    ),
    (
        "尽快 赶快 赶紧 快点 早日 及时 立即 马上 速来 请 恳请 跪求 希望 望 盼 麻烦 拜托 劳烦 能不能 能否 强烈要求 要求",
        "尽快 赶快 赶紧 快点 快 早日 及时 立即 马上 速 求 你们 您 贵单位 领导 政府 有关部门 相关部门 部门 "
        "有人 人 工作人员 师傅 安排 派 来 过来 去 前来 一下 帮忙 帮 现场 查看 看看 看 处理 解决 维修 修理 "
        "修复 修 整改 核实 重视 关注 回复 答复 管管 管 落实 跟进 督促 协调 处置 转给 转达 转交 转告 给 能 下 吧 啊 了 "
        "予以 引起 现 来电人 诉求人 市民 并 核查 反馈",
    ),
    (
        "天 周 星期 礼拜 月 年 小时",
        "这 那 都 已经 已 持续 从 大概 有 快 整整 前后 拖了 过了 将近 差不多 至今 到现在 现在 第 好几 "
        "好多 好 几 多 半 一 两 二 三 四 五 六 七 八 九 十 0 1 2 3 4 5 6 7 8 9 个 左右 以上 了 还是这样 "
        "没好",
    ),
    (
        "反映 投诉 上报 打过 打了 报过 说过",
        "我 我们 之前 以前 已经 已 也 都 又 再 再次 来 第 四 五 六 七 八 九 十 个 反复 多次 向 跟 给 过 电话 "
        "热线 物业 社区 居委会 好多 好几 很多 多 几 两 三 1 2 3 次 遍 回 了 但是 可是 还是 一直 仍然 仍 至今 "
        "没人管 没人理 没有人管 没结果 没下文 没有结果 没用 不管 无人处理 没处理 没解决 没有解决",
    ),
    (
        "没人 没有人 无人",
        "一直 至今 到现在 还是 仍然 仍 都 也 始终 来 管 理 处理 过问 负责 解决 过 了",
    ),
    (
        "安全隐患 隐患 危险 不方便 不便 困扰 意见很大 苦不堪言 很严重 太严重",
        "存在 有 很大的 很 太 非常 十分 极其 特别 严重 重大 这样 这里 问题 大家 我们 老人 小孩 孩子 儿童 "
        "行人 居民 周围 附近 周边 群众 业主 走路 出行 通行 给 带来 造成 了 极大",
    ),
    (
        "答复 回复 说法 回音",
        "望 盼 盼望 期待 等待 等 请 给 给个 一个 个 予以 你们 您 领导 尽快 早日 及时 我 我们 的",
    ),
    (
        "有人管 没人管 匿名",
        "请问 问下 到底 究竟 有没 没 有 吗 么 啊 呢 了 都 一直 我 要 请 投诉 举报 反映",
    ),
    (
        "照片 图片 视频",
        "我 拍了 有 附上 附 已拍 见 上传了 为证 了",
    ),
    (
        "差点 险些 摔倒 摔跤 摔伤 摔了 崴脚 崴了 受伤 绊倒",
        "我 我们 我妈 老人 老太太 大爷 邻居 小孩 孩子 有人 人 个 好几 几 两 一 电动车 骑车 开车 走路 把人 就 被 摔 "
        "出事 撞上 撞到 一跤 了 过 已经 已 昨天 今天 刚才 昨晚 都 在 这 这里 那里 因此",
    ),
    (
        "小心 当心 绕行 绕道 绕路 绕着走 绕开 注意安全 注意脚下 看着点 留神",
        "大家 各位 邻居 街坊 朋友 们 走路 路过 经过 开车 骑车 出门 出行 晚上 来往 行人 车辆 的 都 请 一定 要 千万 多 "
        "点 一点 走 过 人 时 时候 了 啊 哈 哦 吧 下 一下 那边 这边 这里 那里 先 建议 只能",
    ),
    (
        "打12345 打一下12345 打个12345 打过12345 给12345 打电话 打个电话 报一下 报了 报修 报过 反映一下 说一下",
        "谁 有人 有没有 没有 没 大家 都 能 帮忙 帮 麻烦 快 赶紧 赶快 去 来 给 跟 向 物业 社区 城管 热线 12345 吗 了 "
        "啊 吧 呀 过 打 一起 一声 个电话 电话",
    ),
    (
        "说一声 说一下 说个事 说件事 告诉 告知 汇报 知会",
        "跟 和 给 向 你们 您 你 大家 领导 物业 城管 政府 先 来 就 我 只是 顺便 一下 一声 哈 啊 了 特此",
    ),
    (
        "大事 不急 不着急 不要紧 不打紧 有空 看着办",
        "没什么 没啥 也 不是 应该 可能 吧 倒是 倒 还 算 不算 什么 就 是 来 看看 看一下 看 你们 您 的话 再 哈 慢慢 处理 "
        "就行 就好 的 时候",
    ),
    (
        "不知道 不清楚",
        "归 不归 你们 您 管 不 该 找 谁 哪个 哪 部门 是不是 是 的 归谁 这 这事 应该 打 给 能不能 不能 能",
    ),
    (
        "打扰 不好意思 抱歉",
        "一下 了 您 你们 大家 啊 哈 各位 领导 又 再次",
    ),
    (
        "经过 路过 从这里走",
        "我 我们 大家 孩子 每天 天天 上下班 上学 放学 都 都要 要 必须 从 这里 这儿 的人 很多",
    ),
    (
        "thanks thank thx cheers",
        "many you very much so in advance for your help a lot and regards time attention understanding",
    ),
    (
        "please pls kindly",
        "can could you someone fix repair look into it this send somebody as soon possible asap urgently "
        "come and deal with",
    ),
    (
        "hearing reply response advise",
        "i we look looking forward to from you your please await awaiting a soon for",
    ),
    (
        "days weeks months week month",
        "it has been like this that for several many two three a few now over since last already",
    ),
    (
        "reported called complained report call",
        "i have we it this before already twice many times about several has anyone anybody someone somebody did can "
        "could please the council city them in yet",
    ),
    (
        "know fyi",
        "just letting let you thought i d should might would like want wanted to so all we",
    ),
    (
        "mind careful watch beware",
        "how you go be out please everyone all folks people your step there take care when walking driving and so do",
    ),
    (
        "rush hurry deal urgent whenever",
        "no not a big it s is its really very but you can this",
    ),
    (
        "probably maybe perhaps",
        "nothing it s is its just a small thing but",
    ),
    (
        "sure",
        "not who deals with this if whether you do it is your job the right place department i m am which handles to "
        "contact ring call ask",
    ),
    (
        "sorry",
        "to bother disturb trouble you for my bad english about this again i m am",
    ),
    (
        "nobody noone",
        "no one has came come so far yet ever did anything cares responded answered",
    ),
    (
        "dangerous danger unsafe",
        "it is very this for children kids people everyone elderly the and pedestrians cyclists really",
    ),
    (
        "nearly almost fell tripped hurt injured",
        "someone somebody i my got neighbour wife husband mother mum child son daughter kid was were has have been "
        "already several two people and badly an old lady man woman",
    ),
    (
        "photo photos picture pictures",
        "attached see i have and a took",
    ),
)


def _pattern(needed: str, others: str) -> str:
    one, every = (_any_of(words) for words in (needed, f"{needed} {others}"))
    return rf"(?=.*{one})(?:{every}[\s'’]*)+"


def _any_of(words: str) -> str:
    """Any of these; a word of letters only as a whole."""
    longest_first = sorted(set(words.split()), key=lambda word: (-len(word), word))
    return (
        "(?:" + "|".join(rf"\b{word}\b" if word.isascii() and word.isalpha() else word for word in longest_first) + ")"
    )


_LONGEST = 120  # characters: no formula is longer, and to look for one in a whole message takes long
_FORMULA = re.compile("|".join(f"(?:{_pattern(*kind)})" for kind in _KINDS))
# Most clauses hold no word that one of the kinds needs. They are told by quick looks instead of one for each kind.
_WORDS = [word for needed, _ in _KINDS for word in needed.split()]
_IN_LETTERS = re.compile(rf"\b(?:{'|'.join(filter(str.isascii, _WORDS))})\b")
_IN_IDEOGRAPHS = tuple(dict.fromkeys(word for word in _WORDS if not word.isascii()))
# No character of a formula is another than these: that is told quickest.
_SIGNS = frozenset("'’").union(
    *(word for kind in _KINDS for word in kind), filter(str.isspace, map(chr, range(0x3001)))
)


def says_nothing(clause: str) -> bool:
    """Whether a clause consists of the words of one kind alone."""
    return len(clause) <= _LONGEST and is_formula(fold(clause))


def is_formula(folded: str) -> bool:
    """The same of a clause that is folded already."""
    if len(folded) > _LONGEST or not _SIGNS.issuperset(folded):
        return False
    needed = any(word in folded for word in _IN_IDEOGRAPHS) or _IN_LETTERS.search(folded) is not None
    return needed and _FORMULA.fullmatch(folded) is not None


def without_side_clauses(text: str) -> str:
    """The text without the clauses at its end that say nothing of what it is about; as it is where there are none, and
    where nothing else would be left."""
    left = text
    while True:
        ended = left.rstrip(_MARKS)
        start = max(0, len(ended) - _REACH)
        breaks = [found.end() for found in _BEFORE.finditer(ended, start)]
        if not breaks or not says_nothing(ended[breaks[-1] :]):
            return left
        shorter = ended[: breaks[-1]].rstrip(_MARKS)
        if len(shorter) < _LEAST or says_nothing(shorter):
            return left
        left = shorter
