"""The words that contracts allow where a field takes one of a few, with their names in Chinese and English.

The contracts' schemas list them, the desk refuses what is none of them, and a refusal names those that it would take.
"""

from collections.abc import Mapping

Names = tuple[str, str]  # Chinese, English

# Who may ask for a step of an order.
ROLES: Mapping[str, Names] = {
    "reviewer": ("研判员", "reviewer"),
    "dispatcher": ("派遣员", "dispatcher"),
    "duty-officer": ("值班长", "duty officer"),
    "operator": ("管理员", "operator"),
    "inspector": ("核查员", "inspector"),
    "reporter": ("市民", "reporter"),
    "citizen": ("市民监督员", "citizen of the pool"),
    "camera": ("摄像头", "camera"),
    "department": ("承办部门", "department"),
    "unit": ("移动单元", "mobile unit"),
}

# Who of them is known by a hash alone: people of whom the city knows what they say, not who they are.
BY_HASH = frozenset({"reporter", "citizen"})

# What decided to which department an order goes.
DECIDERS: Mapping[str, Names] = {
    "rule": ("城市规则", "a rule of the city"),
    "table": ("权责清单", "the table of responsibility"),
    "label": ("标签表", "the table of labels"),
    "reviewer": ("研判员", "a reviewer"),
    "dispatcher": ("派遣员", "a dispatcher"),
    "duty-officer": ("值班长", "the duty officer"),
    "unit": ("现场核实", "a mobile unit that has looked"),
    "suggestion": ("退单部门建议", "the department that returned it"),
    "reopening": ("重新立案", "reopening"),
    "forward": ("上级部门转办", "the department above, which handed it down"),
    "report-up": ("下级部门上报", "the department below, which handed it up"),
    "plan": ("联办方案", "the plan of its joint order"),
    "rework": ("核查不通过", "a check that failed"),
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
CALL_BACK_CODES: Mapping[str, Names] = {"not-reached": ("未接通", "nobody answered")}
CODES: Mapping[str, Mapping[str, Names]] = {
    "return": RETURN_CODES,
    "decide": {code: RETURN_CODES[code] for code in ("not-a-problem",)},
    "approve-return": {code: RETURN_CODES[code] for code in ("not-a-problem", "duplicate")},
    "call-back": CALL_BACK_CODES,
}

# What a check comes to 核查结果: the action that says so.
CHECKS: Mapping[str, Names] = {"check-pass": ("核查通过", "passed"), "check-fail": ("核查不通过", "not passed")}

# What came of asking a camera to look again 复核结果, where a person makes the check all the same.
RECHECK_OUTCOMES: Mapping[str, Names] = {
    "passed": ("已消除", "it would pass"),
    "failed": ("仍存在", "it would not pass"),
    "silent": ("未答复", "no answer in time"),
}

# Why a person must decide (of `sent-to-review`), besides the ids of the city's rules and the classifier's reasons.
REVIEW_REASONS: Mapping[str, Names] = {
    "not-classified": ("未分类", "nothing was classified"),
    "no-fault": ("非诉求", "it is no fault: praise, a question, a test message"),
    "uncertain": ("分类把握不足", "the classifier is not sure enough"),
    "unknown-category": ("类别不在目录", "the city has no such category"),
    "nobody-responsible": ("无责任部门", "no department is responsible there"),
    "unknown-department": ("部门不在目录", "the city has no such department"),
    "unverified": ("待核实", "what cameras see is not sure enough to file it"),
    "unlocated": ("位置不明", "where it is, is not known"),
    "unknown-area": ("区域不在目录", "the city has no area of the id that was given"),
    "blind": ("盲审抽样", "a share that people judge unseen"),
    "reopened": ("重新立案", "reopened, with nobody who handled it"),
    "nobody-suitable": ("退单后无合适部门", "returned, and no department was named"),
    "unmerged": ("撤销并案", "taken out of another order"),
    "split": ("拆分", "split off another order"),
}

# Why the duty officer must decide (of `sent-to-arbitration`).
ARBITRATION_REASONS: Mapping[str, Names] = {
    "third-return": ("多次退单", "returned as often as the city allows"),
    "circle": ("循环派单", "would go to a department that has returned it"),
    "hub": ("下级平台退回", "a hub has returned it"),
}

# What came of a return that was approved 同意退单.
RETURN_OUTCOMES: Mapping[str, Names] = {
    "re-assigned": ("改派", "given to another department"),
    "suggestion": ("采纳建议", "given to the department that was suggested"),
    "arbitrated": ("裁定", "the duty officer has decided"),
    "moved": ("改区", "moved to another area"),
    "nobody-suitable": REVIEW_REASONS["nobody-suitable"],
    **CODES["approve-return"],
}

# All of them, under what they are for.
VOCABULARIES: Mapping[str, Mapping[str, Names]] = {
    "`by.role`": ROLES,
    "`code` of `return`": CODES["return"],
    "`code` of `decide`": CODES["decide"],
    "`code` of `approve-return`": CODES["approve-return"],
    "`code` of `call-back`": CODES["call-back"],
    "`outcome` of `return-approved`": RETURN_OUTCOMES,
    "result of a check": CHECKS,
    "`outcome` of `recheck-answered`": RECHECK_OUTCOMES,
    "`reason` of `sent-to-review`": REVIEW_REASONS,
    "`reason` of `sent-to-arbitration`": ARBITRATION_REASONS,
}
