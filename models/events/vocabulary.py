"""The words that contracts allow where a field takes one of a few, with their names in Chinese and English.

The contracts' schemas list them, the desk refuses what is none of them, and a refusal names those that it would take.
"""

from collections.abc import Mapping

Names = tuple[str, str]  # Chinese, English

# Who may ask for a step of an order.
ROLES: Mapping[str, Names] = {
    "reviewer": ("研判员", "reviewer"),
    "dispatcher": ("派遣员", "dispatcher"),
    "officer": ("值班长", "duty officer"),
    "operator": ("管理员", "operator"),
    "inspector": ("核查员", "inspector"),
    "reporter": ("市民", "reporter"),
    "camera": ("摄像头", "camera"),
    "department": ("承办部门", "department"),
}

# Why a department returns an order 退单.
RETURN_CODES: Mapping[str, Names] = {
    "not-my-function": ("非本部门职责", "not this department's function"),
    "not-my-area": ("非本部门辖区", "not in this department's area"),
    "not-my-asset": ("非本部门设施", "not this department's asset"),
    "unclear": ("情况不明", "what is meant, or where, is not clear"),
    "duplicate": ("重复工单", "the same as another order"),
    "not-a-problem": ("不属问题", "nothing that has to be dealt with"),
}

# What each action takes as its `code`; the other actions take none.
CODES: Mapping[str, Mapping[str, Names]] = {
    "return": RETURN_CODES,
    "decide": {code: RETURN_CODES[code] for code in ("not-a-problem",)},
    "approve-return": {code: RETURN_CODES[code] for code in ("not-a-problem", "duplicate")},
}
