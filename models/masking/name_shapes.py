"""Names of people: addresses of mail, accounts of apps, names after words such as 我叫, doors."""

import re

from models.masking.late import late
from models.masking.legible import HIDDEN
from models.masking.shape import END, FREE, TAME, shape, table

_LOCAL_SIGN = r"[A-Za-z0-9._%+\-&'À-ÿА-яЁё]"
_LOCAL = rf"(?<!{_LOCAL_SIGN}){_LOCAL_SIGN}{{1,64}}"  # the part before the at sign
_WHO = f"(?:{_LOCAL}|[\u4e00-\u9fff]{{2,3}})"  # or a Chinese name in its place
_LABEL = "[\\w\\-]{1,63}"
_TOP = "(?:[A-Za-z]{2,24}|рф|中国|公司|网络|香港|台湾|集团)"

MAILS = table(
    "@|＠",
    shape(
        "mail",
        *(_WHO, " ?[@＠]{1,2} ?", f"(?:{_LABEL} ?[.．。] ?){{1,8}}", _TOP, "(?:[.][A-Za-z0-9_]{1,30}){0,3}"),
        certain=True,
    ),
    digits=False,
)

_OPENING = "([{<（【"
_OPEN, _SHUT = f"[{re.escape(_OPENING)}]", r"[)\]}>）】]"
_AT = f"(?: ?[@＠] ?| ?小老鼠 ?|-at-| ?{_OPEN} ?(?:at|a|艾特|圈a) ?{_SHUT} ?| ?艾特 ?| ?圈a ?)"
_POINT = f"(?: ?[.．。] ?| ?{_OPEN} ?(?:dot|点) ?{_SHUT} ?| ?点 ?| dot |-dot-)"
_PART = r"[A-Za-z0-9\-]{1,63}"
_KNOWN = (
    "(?:com|cn|net|org|edu|gov|info|biz|dev|io|me|co|uk|ie|de|fr|es|nl|ch|pl|pt|se|dk|fi|gr|cz|eu|ru|ua|tr|il|hk|mo|tw"
    "|jp|kr|sg|th|vn|ph|pk|ca|us|mx|br|ar|cl|au|nz|za|ng|ke|eg|ae|cc|tv|vip|top|xyz)(?![A-Za-z])"
)
_WORDS_AS_WELL = "(?:it|in|no|at|be|id|my)(?![A-Za-z])"  # countries that are words when a blank stands before them
_MAILERS = "qq|163|126|139|189|sina|sohu|foxmail|aliyun|gmail|outlook|hotmail|live|yahoo|icloud|protonmail|gmx"

# Addresses of mail with words instead of the signs.
SPELT_MAILS = table(
    r"艾特|圈a|小老鼠|-at-|@[^@]{1,30}(?:点|dot)|＠[^@]{1,30}(?:点|dot)| at [a-z0-9\-.]{1,60}\.[a-z]"
    rf"|{'|'.join(rf'{re.escape(mark)} ?at? ?{_SHUT}' for mark in _OPENING)}"
    r"| at [^@]{1,80} dot |#[a-z0-9\-]{1,63}\.",
    shape(
        "mail",
        f"{_WHO}{_AT}{_PART}(?:{_POINT}{_PART}){{0,4}}(?:{_POINT}{_KNOWN}|{_POINT}(?<! ){_WORDS_AS_WELL})",
        certain=True,
        fold=True,
    ),
    shape("mail", rf"(?=[A-Za-z]*[._0-9]){_LOCAL} at (?:{_MAILERS})\.{_KNOWN}", certain=True, fold=True),
    shape("mail", rf"{_LOCAL} AT {_PART}(?:\.{_PART}){{0,3}}\.{_KNOWN}", certain=True),
    shape("mail", rf"{_LOCAL} at {_PART}(?:\.{_PART}){{0,3}}\.{_KNOWN}", words="mail"),
    shape(
        "mail",
        f"(?:{_LOCAL} (?:dot|underscore|dash|hyphen|minus|plus) ){{0,3}}{_LOCAL} at ",
        f"{_PART}(?: dot {_PART}){{0,4}} dot (?:{_KNOWN}|{_WORDS_AS_WELL})",
        certain=True,
        fold=True,
    ),
    shape("mail", rf"{_LOCAL} ?# ?{_PART}\.{_KNOWN}", certain=True, fold=True),
    digits=False,
)

_APP = (
    r"(?:(?<![A-Za-z])(?:we ?chat|weixin|telegram|tg|ig|discord|twitter|instagram|insta|facebook|fb|snapchat|skype"
    r"|signal|kakao(?:talk)?|whatsapp|viber|tiktok|line id|my line|my handle|dm)(?![A-Za-z])|(?<![A-Za-z])[vw]x"
    r"|(?<![A-Za-z0-9])(?:line(?= ?[:：])|v ?信|v(?= ?[:：❤♥]))|[加我]v|我的? ?line"
    r"|微 ?信|薇信|威信|[微威](?=[❤♥])|飞机(?=[:：@])|加我?微|电报|推特|抖音|快手|小红书|支付宝|钉钉|微博|知乎|b站)"
)
_WORD_SAYS = (
    "(?:号码?|[帐账]号|同号|(?<![a-z])(?:id|name|is|as)(?![a-z])|是|为|叫|联系|加|搜索?|关注|找|[:：=，,(（@#❤♥])"
)
_SAYS = f"(?P<says>(?: ?{_WORD_SAYS}){{0,5}}) ?"
_ACCOUNT = r"(?P<it>[A-Za-z0-9][A-Za-z0-9_.:/\-]{1,38}[A-Za-z0-9_](?:#[0-9]{4}(?![0-9]))?)"


def _is_account(found: re.Match[str]) -> bool:
    """A word after an app's name is an account's when it has digits or joints, or something says that it is one."""
    account, says = found["it"], found["says"].strip()
    if account.isdecimal():
        return len(account) >= 5 and (bool(says) or not found[0].isascii())
    if any(sign.isdecimal() or sign in "_.-" for sign in account):
        return True
    return bool(says.strip("，,# ")) and not found[0].lower().startswith("signal")  # signal: red


HANDLES = table(
    "微 ?[信❤♥]|薇信|威[信❤♥]|加[微v]|我[微v]|扣扣|企鹅|电报|飞机|腾讯|推特|抖音|快手|小红书|支付宝|钉钉|微博|知乎"
    "|b站|@|q(?<![a-z]q)[q群 ]?(?![a-z])|v(?<![a-z]v)(?![a-z])|vx|wx|we ?chat|weixin|dm(?<![a-z]dm)(?![a-z])"
    "|tg(?<![a-z]tg)(?![a-z])|ig(?<![a-z]ig)(?![a-z])|fb(?<![a-z]fb)|line ?(?:id|[:：])|my ?line|我的? ?line|discord"
    "|twitter|insta|facebook|skype|snapchat|signal|kakao|whatsapp|telegram|viber|tiktok|weibo|handle|wa\\.me/|t\\.me/|x\\.com/",
    shape(
        "handle",
        r"(?:(?<![a-z])(?:qq|q q|q)(?![a-z])|扣扣|q群|企鹅|腾讯号)",
        f"{_SAYS}(?P<it>[1-9](?:{TAME}[0-9]){{4,10}}){END}",
        certain=True,
        fold=True,
    ),
    shape("handle", _APP, _SAYS, _ACCOUNT, fits=_is_account, certain=True, fold=True),
    shape(
        "handle",
        r"(?:微博|推特|抖音|快手|小红书|知乎|b站|up主|threads)(?: ?@|名(?:[是叫为]|[:：]) ?)(?P<it>[\w·]{2,20})",
        certain=True,
        fold=True,
    ),
    shape("handle", r"(?<![A-Za-z0-9._@])@(?P<it>(?=[A-Za-z_]{0,31}[0-9_])[A-Za-z][A-Za-z0-9_.]{3,31})", certain=True),
    shape(
        "handle",
        r"(?<![A-Za-z0-9\-])(?:t\.me|wa\.me|(?:instagram|facebook|fb|twitter|x|tiktok|weibo)\.com)/@?",
        _ACCOUNT,
        certain=True,
        fold=True,
    ),
    digits=False,
)

# The commonest family names, without those that are common words as well.
_FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭廖"
    "邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎武乔贺赖龚庞樊兰殷施陶洪翟颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦柳邢骆岳齐梅莫庄辛"
    "管祝涂谷祁耿牟卜詹凌费纪靳盛童欧甄曲裴屈鲍霍翁隋甘薄柏宁柯阮桂闵柴冉曾"
)
_TWO_SIGNS = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|端木|夏侯|轩辕"
_TWO = f"(?:{_TWO_SIGNS})"
_HAN = "[\u4e00-\u9fff]"
_FIRST = r"[A-Z][A-Za-z'’\-]{1,30}"

# What stands behind a name of two words that is a place's or an office's.
_OF_A_PLACE = (
    "(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Court|Place|Square|Plaza|Park|Station|Bridge|Hill|Hall|School|Library|Market"
    "|Center|Centre|Office|Desk|Department|Team|Line|Services?|Works|Police|Hospital|Church|Building|Tower|Garden|Gardens"
    "|Terrace|Way|Circle|Row|Block|Corner)"
)

NAMES = table(
    "我[叫是]|名字|姓名|联系人|本人|举报人|投诉人|报修人|my name|m called|contact person|contact:|name:|this is",
    shape(
        "name",
        "(?:我叫|我的名字[是叫]|姓名[:：是为]?|(?:联系人|举报人|投诉人|报修人)[:：是为]) ?",
        f"(?P<it>{_HAN}{{2,8}}[·•]{_HAN}{{2,8}}|{_TWO}{_HAN}{{1,2}}?(?!{_HAN})|{_TWO}{_HAN}",
        f"|[{_FAMILY}]{_HAN}{{1,2}}(?!{_HAN})|[{_FAMILY}]{_HAN}{{2}})",
        certain=True,
    ),
    shape(
        "name",
        "(?:联系人|举报人|投诉人|报修人|本人) ?",
        f"(?P<it>(?:{_TWO}|[{_FAMILY}]){_HAN}{{1,2}}?)(?!{_HAN})",
        certain=True,
    ),
    shape(
        "name",
        f"我是(?:业主|住户|居民|租户|租客|房东|房主|店主|车主|家长)(?P<it>(?:{_TWO}|[{_FAMILY}]){_HAN}{{1,2}}?)(?!{_HAN})",
        certain=True,
    ),
    shape(
        "name", f"本人(?P<it>(?!曾)(?:{_TWO}|[{_FAMILY}]){_HAN}{{1,2}})(?=反映|投诉|举报|报修|来电|住)", certain=True
    ),
    shape(
        "name",
        r"\b(?i:my name is|my name['’]s|i(?: a|['’])m called|contact person(?: is)?:?|name:"
        rf"|(?:this is(?= {_FIRST} {_FIRST} (?:speaking|calling|here|from))|contact:(?= {_FIRST} {_FIRST}))"
        rf"(?! {_FIRST} {_OF_A_PLACE}\b)) ?",
        f"(?P<it>{_FIRST}(?: {_FIRST}){{0,2}})",
        certain=True,
    ),
    digits=False,
)

# A name is told by the number beside it, once that is hidden: 王小明 13812345678. How somebody is called (王先生) is
# none, nor are words and places that begin like one.
_CALLED = "(?:先生|女士|小姐|师傅|老师|经理|主任|同志|阿姨|大爷|大妈)"
_FIRST_OF_TWO = "".join(name[0] for name in _TWO_SIGNS.split("|"))
_FULL_NAME = late(f"(?:{_TWO}|[{_FAMILY}]){_HAN}{{1,2}}")
_LIKE_A_NAME = late(
    f".(?:{_CALLED}|[工总哥姐某队])|马上|马路|周[一二三四五六日天末边围]|高[峰空楼层速铁]|黄[色线灯牌]|石[头块子]|江[边苏西]|金[属额]|雷[雨电]"
    "|温度|康复|龙头|牛奶|万[一元分]|齐全|毛[病坯]|管|严[重格]|方[便向]|成[功员都]|常|时|宁波|连|安|黎明|顾客|史上|侯车|程度|季度|段落"
    "|谢谢|謝謝|戴[眼帽口]|许可"
    "|.*[路街道巷弄村镇区县市口桥站楼园苑湾院店边旁处里号厅所局]$"
)


def _is_person(found: re.Match[str]) -> bool:
    return _FULL_NAME.fullmatch(found["it"]) is not None and _LIKE_A_NAME.match(found["it"]) is None


# What begins a name comes first: the engine passes over all else. What stands before it is asked behind its first sign.
_SPEAKER = "(?<=联系.|致电.|打给.|回电.|业主.|居民.|住户.|市民.|村民.|本人.|我是.)"
_SAID = f"(?:(?<!{_HAN}.)|{_SPEAKER}|(?<=[找叫].))"
BESIDE_A_PHONE = (
    shape(
        "name",
        f"(?P<it>[{_FAMILY}{_FIRST_OF_TWO}]{_SAID}{_HAN}{{1,3}}?){_CALLED}?[ ,，、:：(（-]{{0,3}}",
        f"(?:的?(?:联系)?(?:电话|手机号?码?|号码)[是为:：]? ?)?{HIDDEN}",
        fits=_is_person,
        certain=True,
    ),
    shape(
        "name",
        f"{HIDDEN}[ (（]{{0,2}}(?P<it>{_TWO}{_HAN}{{1,2}}|[{_FAMILY}]{_HAN}{{1,2}})(?!{_HAN})",
        fits=_is_person,
        certain=True,
    ),
)

# Where somebody lives: a crew needs it, so it goes only where a city wants that.
DOORS = table(
    "[0-9]",
    shape("door", "[0-9]{1,3}(?:栋|幢|号楼|座)(?:[0-9一二三四五六七八九]{1,2}单元)?[0-9]{1,4}[室号户]", certain=True),
    shape("door", "[0-9]{1,2}单元[0-9]{1,4}[室号户]?", certain=True),
    shape("door", FREE, "[0-9]{1,2}-[0-9]{1,2}-[0-9]{3,4}", END, "(?!-)"),
    shape("door", r"(?i:\b(?:apartment|apt\.?|flat|unit|room) )(?P<it>[0-9]{1,4}[A-Za-z]?)\b", certain=True),
)
