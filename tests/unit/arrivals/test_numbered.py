"""Numbers that name things: lamp 12 is not lamp 13, three days are not four lamps."""

import pytest

from dispatcher.arrivals.worded.numbered import contradict, names_in


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("府前路12号灯杆的路灯不亮了", "府前路13号灯杆的路灯不亮了"),
        ("十二号灯杆不亮", "13号灯杆不亮"),
        ("三号楼门口垃圾没人清", "五号楼门口垃圾没人清"),
        ("三號樓門口垃圾", "５号楼门口垃圾"),
        ("3栋二单元", "3号楼5单元"),
        ("一百零三室漏水", "104室漏水"),
        ("二〇三室漏水", "204室漏水"),
        ("A座电梯坏了", "B座电梯坏了"),
        ("第12根灯杆倒了", "第十三根灯杆倒了"),
        ("12A号", "12B号"),
        ("灯杆编号0012", "灯杆编号0013"),
        ("lamp 12 is dark", "lamp 13 is dark"),
        ("Lamp No. 12 is dark", "Lamp #13 is dark"),
        ("house three, bin not emptied", "house five, bin not emptied"),
        ("House 3, lamp 12", "House 5, lamp 12"),
        ("5th Avenue pothole", "6th Avenue pothole"),
        ("12 Main Street: pothole, 3 days already", "14 Main Street: pothole, 3 days already"),
        ("①号井盖", "②号井盖"),
        ("甲3号门口", "乙3号门口"),
        ("甲栋电梯", "乙栋电梯"),
        ("灯杆№12", "灯杆№13"),
        ("lamp twenty-one", "lamp twenty-two"),
        ("the first lamp from the bridge", "the second lamp from the bridge"),
        ("Block A has no water", "Block B has no water"),
        ("Flat 2/1", "Flat 2/2"),
        ("K12+300处坑洼", "K12+500处坑洼"),
        ("Ⅻ号楼", "Ⅺ号楼"),
        ("三期III标段", "三期II标段"),
        ("一区停水", "二区停水"),
        ("卅号", "卅一号"),
        ("3-2-401漏水", "3-2-402漏水"),
        ("3栋2单元401", "3-2-402"),
        ("12-14号楼停水", "20号楼停水"),
    ],
)
def test_numbers_that_name_different_things_contradict(text: str, other: str) -> None:
    """In Chinese or Arabic numerals or in words, with the thing before or after."""
    assert contradict(names_in(text), names_in(other))
    assert contradict(names_in(other), names_in(text))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("12号灯杆不亮", "十二号灯杆坏了"),
        ("012号灯杆", "灯杆12不亮"),
        ("3号楼", "叁号楼"),
        ("12幢", "12栋"),
        ("3号楼2单元", "3号楼"),
        ("路灯坏了3天", "路灯坏了5天了"),
        ("两个月没人修", "三个月没人修"),
        ("有3盏灯不亮", "有4盏灯不亮"),
        ("2026年3月2日坏的", "3月5日坏的"),
        ("10:30看到的", "11:45看到的"),
        ("坑深0.5米", "坑深30厘米"),
        ("一座桥边的大坑", "三座桥"),
        ("第3次反映了", "第四次反映了"),
        ("a pothole for 3 days", "a pothole for 10 days"),
        ("3 lamps out", "5 lamps out"),
        ("2-3 weeks", "24/7 noise"),
        ("lamp 12 and 13", "lamp 13"),
        ("12、13号灯杆", "12号灯杆"),
        ("12和13号灯杆", "13号灯杆"),
        ("路灯坏了", "12号灯杆"),
        ("廿一号", "21号"),
        ("lamp twenty-one", "lamp 21"),
        ("III期", "三期"),
        ("3-2-401漏水", "3栋2单元401室漏水"),
        ("12-14号楼停水", "13号楼停水"),
        ("12号楼到14号楼停水", "13号楼停水"),
        ("第12～14号灯", "13号灯"),
        ("lamps 12 to 14", "lamp 13"),
        ("houses 3 through 9", "house 5"),
        ("5号晚上坏的", "7号早上坏的"),
        ("since Nov 5", "since 7 November"),
        ("打12345没人管", "打110没人管"),
        ("90 dB at night", "85 dB at night"),
        ("这一栋没水", "那两栋没水"),
        ("block a road", "block the road"),
        ("", ""),
    ],
)
def test_measures_and_the_same_numbers_do_not(text: str, other: str) -> None:
    """What counts or measures names nothing; one spelling of a number is as good as another."""
    assert not contradict(names_in(text), names_in(other))
    assert not contradict(names_in(other), names_in(text))
