"""Does a described scene name anything to be seen to, or is it a street as streets are 无事场景?

`A busy street, people walking, no fire or smoke visible` and `画面正常，未发现异常` are what a vision-language model
says of most pictures. A clause that denies something (`without_denials`) tells of nothing; one in which all words are
of what is always there (`is_quiet`) neither. Words decide alone: what has one that is not listed here, a classifier
judges. A car and a pavement in one clause may be a parked one, so they are left to it.
"""

import re

from models.plain_words import fold

# What is denied for the better. That there is no light, railing or cover is a fault, and stays.
_TROUBLE = (
    "fires?|smoke|flames?|accidents?|incidents?|hazards?|dangers?|emergenc(?:y|ies)|violations?|damages?|obstructions?"
    "|congestion|crowding|flooding|waterlogging|standing water|water accumulation|litter|garbage|rubbish|trash|debris"
    "|issues?|problems?|faults?|defects?|injur(?:y|ies)|casualties|potholes?|leaks?|fights?|fighting|explosions?"
    "|intruders?|intrusions?|anomal(?:y|ies)|abnormalit(?:y|ies)|irregularit(?:y|ies)|threats?|risks?"
    "|(?:anything )?(?:unusual|abnormal|suspicious|dangerous|hazardous|illegal)"
    "(?: (?:activit(?:y|ies)|behaviou?rs?|situations?|conditions?|objects?|events?|parking|dumping))?"
)
_ADJECTIVES = "(?:(?:visible|obvious|apparent|clear|active|open|immediate|any|other|signs? of|evidence of) )*"
_DENIED = re.compile(
    r"\b(?:(?:there (?:is|are|was|were) )?(?:no|nothing|not any|without(?: any)?|free of|free from)"
    rf"|(?:does|do|did) not (?:show|contain|depict)(?: any)?) {_ADJECTIVES}(?:{_TROUBLE})"
    rf"(?:(?:, ?(?:or |and |nor )?|/| or | and | nor ){_ADJECTIVES}(?:{_TROUBLE}))*"
    r"(?: (?:is|are|was|were|can be|has been|have been))?"
    r"(?: (?:visible|present|detected|observed|seen|found|reported|identified|noted|occurring))*"
    r"(?: (?:in|within) (?:the|this) (?:scene|image|picture|frame|photo|view|area))?(?=\s*(?:$|[.,;:!?)]|and\b|but\b))"
)
_TROUBLE_ZH = (
    "明火|烟雾|浓烟|烟火|火情|火光|火焰|火灾|起火|着火|冒烟|异常|异样|可疑|事故|险情|危险|安全隐患|隐患|积水|内涝|拥堵|堵塞|违规|违停|违法|违章|"
    "垃圾|杂物|破损|损坏|聚集|人员聚集|打架|摔倒|障碍物|突发|问题|故障"
)
_KIND_ZH = "(?:迹象|情况|现象|行为|状况|事件|发生|存在|问题|风险|人员|车辆|物品)"
_DENIED_ZH = re.compile(
    "(?:未见|未发现|没有发现|没发现|未检测到|未出现|未观察到|未看到|没有看到|不存在|没有|并无|无)(?:任何|明显|其他|其它|可见)*"
    rf"(?:{_TROUBLE_ZH})(?:(?:、|,|，|和|及|或|与|或者|以及)(?:明显|其他|其它)?(?:{_TROUBLE_ZH}))*(?:等(?:{_TROUBLE_ZH})?)?的?{_KIND_ZH}*"
    r"(?=\s*(?:$|[^\u4e00-\u9fff\s]))"
)
_ORDINARY = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an and are as at be been by he her his in into is it its of on or she some that the their them there these
        they this to was were which while with
        above ahead along alongside around background beside between both center centre each foreground front behind
        left near nearby next other over right side sides through toward towards under
        camera captured captures depicts detected image photo picture scene showing shown shows view visible seen
        appears
        avenue city crosswalk crossroad crossroads highway intersection junction lane lanes park path pavement plaza
        road roads roadway sidewalk sidewalks square street streets town urban residential
        building buildings cloud clouds grass house houses shop shops sky store stores trees sun traffic
        bus buses car cars motorcycle motorcycles taxi taxis truck trucks van vans vehicle vehicles
        man men pedestrian pedestrians people person persons woman women
        cross crosses crossing cycling drive drives driving going move moves moving pass passes passing ride rides
        riding standing stroll strolling traveling travelling waiting walk walks walking talking
        black blue bright brown busy calm clean clear cloudy day daylight daytime empty evening everything fine gray
        green grey modern morning night normal normally nothing orderly ordinary peaceful quiet red smooth smoothly
        sunny typical usual well white yellow
        one two three four five several few
        """,
    )
)
_PAVEMENTS = re.compile("sidewalks?|pavement|crosswalk|人行道|斑马线|绿化带")
_VEHICLES = re.compile("cars?|vans?|trucks?|bus|buses|taxis?|vehicles?|motorcycles?|车")
_ORDINARY_ZH = re.compile(
    "监控画面|画面|图像|图片|照片|视频|监控|场景|显示|可以看到|看到|可见|画中|图中|城市|街道|街景|街上|马路|道路|路口|路段|路面|路边|公路|车道|"
    "十字路口|人行道|人行横道|斑马线|广场|公园|小区|建筑物|建筑|楼房|大楼|商铺|店铺|商店|树木|绿树|绿化带|天空|轿车|汽车|机动车|车辆|红绿灯|信号灯|公交车|货车|卡车|"
    "出租车|摩托车|电动车|自行车|车流|交通|行人|路人|人流|人们|市民|人员|男子|女子|男人|女人|一名|一位|两名|两人|一个|几名|几辆|几个|多辆|若干|"
    "少量|少数|一些|一辆|两辆|三辆|来往|往来|过往|行驶|通行|行走|步行|散步|骑自行车|骑电动车|骑行|骑车|骑着|经过|路过|走过|走在|正在|等待|等候|站立|站在|站着|穿过|"
    "过马路|白天|夜间|夜晚|晚上|傍晚|早晨|清晨|上午|下午|晴天|阴天|天气|光线|白色|黑色|红色|蓝色|绿色|黄色|灰色|良好|明亮|清晰|(?<![不未非没])"
    "(?:正常|畅通|通畅|有序|整洁|干净)|安静|平静|空旷|空荡荡|一切|秩序|井然|左侧|右侧|两侧|两旁|旁边|附近|前方|后方|远处|近处|背景|中间|"
    "[上下内里边旁处均都并且地着过很较为是以及有的了在和与中个名人到被满已]"
)
_TREE_ON = re.compile(r"\btrees?\b.*\bon\b|树木.*[路道街]")
_PHRASES = re.compile(r"\btraffic lights?\b|\b(?:on|riding) an? bicycles?\b|\briding (?:a )?bicycles?\b")
_CLAUSE = re.compile("[.,;:!?()。，；：！？、（）\n]+")
_TOKEN = re.compile("[a-z]+")
_OTHER = re.compile(r"[^\W\d_a-z]")


def without_denials(text: str) -> str:
    """The text without what it says is not there; as it is where it denies nothing. What is left is folded."""
    folded = fold(text)
    left = _DENIED_ZH.sub(" ", _DENIED.sub(" ", folded))
    return text if left == folded else left.strip(" .,;:!?。，；：！？、")


def classified(text: str) -> str:
    """What a classifier is shown of a described scene: what is there, or all of it where everything is denied."""
    return without_denials(text) or text


def is_quiet(text: str) -> bool:
    """Whether a described scene, without its denials, names nothing but what is always there."""
    return all(map(_names_nothing, _CLAUSE.split(fold(without_denials(text)))))


def _names_nothing(clause: str) -> bool:
    if not _ORDINARY.issuperset(_TOKEN.findall(_PHRASES.sub(" ", clause))):
        return False
    if _OTHER.search(_ORDINARY_ZH.sub(" ", clause)) is not None:
        return False
    return not (_PAVEMENTS.search(clause) and _VEHICLES.search(clause)) and not _TREE_ON.search(clause)
