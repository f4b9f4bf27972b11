"""A naive model of one order's life, written from the rules and not from the code: a few pages of ifs, whole hours, one
city whose limits all run round the clock. It says which facts an action or the passing of time must leave."""

HOURS = {"review": 4, "accept": 2, "handle": 24, "check": 48, "return": 4, "arbitration": 8, "whole": 100}
COUNTING = {
    "review": ["review", "whole"],
    "assigned": ["accept", "handle", "whole"],
    "accepted": ["handle", "whole"],
    "returned": ["return", "whole"],
    "arbitration": ["arbitration", "whole"],
}
SUITABLE = {"roads": "pothole", "works": "water-leak"}  # who is responsible for what the order may be


class NaiveOrder:
    """One order, opened at hour 0 and assigned to the roads bureau."""

    def __init__(self) -> None:
        self.now = 0.0
        self.state, self.lead, self.binding = "assigned", "roads", False
        self.attempt, self.reworks = 1, 0
        self.returners: list[str] = []
        self.returns = self.level = 0
        self.asked = self.suspension_asked = self.ordered = False
        self.category, self.today, self.reminded = "pothole", 0, 0
        self.extensions = self.suspensions = 0
        self.suspended_at = self.resume_at = 0.0
        self.due: dict[str, float] = {"whole": 100.0}
        self.warn: dict[str, float] = {"whole": 80.0}
        self.begun: dict[str, float] = {"whole": 0.0}
        self.fired: set[tuple[str, str]] = set()
        self.next_level = self.last_step = self.turn_began = 0.0
        self.done: list[tuple[str, float]] = []
        self.start("accept", "handle")

    def start(self, *stages: str) -> None:
        for stage in stages:
            self.begun[stage] = self.now
            self.due[stage] = self.now + HOURS[stage]
            self.warn[stage] = self.now + HOURS[stage] * 0.8
            self.fired -= {("warned", stage), ("breached", stage)}

    def fact(self, name: str, at: float | None = None) -> None:
        self.done.append((name, self.now if at is None else max(at, self.last_step)))
        if name not in ("warned", "breached", "supervised", "archived"):
            self.last_step = self.now if at is None else max(at, self.last_step)

    # Time

    def pass_time(self, now: float) -> None:
        """Everything due up to `now` happens, earliest first."""
        while (timer := min(self.timers(), default=None)) is not None and timer[0] <= now:
            self.now = max(timer[0], self.last_step)
            self.fire(*timer)
        self.now = now

    def timers(self) -> list[tuple[float, str, str]]:
        if self.state == "suspended":
            return [(self.resume_at, "resumed", "")]
        if self.state in ("closed", "rejected"):
            return [(self.ended_at + 30 * 24, "archived", "")]
        counting = COUNTING.get(self.state, ["check"] if self.state == "handled" else [])
        timers = []
        for stage in counting:
            if ("breached", stage) not in self.fired:
                timers.append((self.due[stage], "breached", stage))
                if ("warned", stage) not in self.fired:
                    timers.append((self.warn[stage], "warned", stage))
        late = [s for s in counting if ("breached", s) in self.fired and s in ("accept", "handle", "whole")]
        if (late or (self.ordered and "whole" in counting)) and self.next_level:
            timers.append((self.next_level, "supervised", ""))
        if self.state == "handled" and self.next_check_level:
            timers.append((self.next_check_level, "supervised", "check"))
        return timers

    def fire(self, due: float, name: str, stage: str) -> None:
        if name == "resumed":
            self.resume()
            return
        self.fact(name, due)
        if name == "archived":
            self.state = "archived"
            return
        if name == "supervised":
            self.rise_check() if stage == "check" else self.rise()
            return
        self.fired.add((name, stage))
        if name == "breached" and self.next_level:
            self.next_level = max(self.next_level, self.now)
        if name == "breached" and stage in ("accept", "handle", "whole") and self.level == 0:
            self.fact("supervised", due)
            self.rise()
        if name == "breached" and stage == "check":
            self.fact("supervised", due)
            self.rise_check()

    check_level = 0
    next_check_level = 0.0

    def rise_check(self) -> None:
        self.check_level += 1
        self.next_check_level = self.now + 24 if self.check_level < 3 else 0.0

    def nobody_checks(self) -> None:
        self.check_level, self.next_check_level = 0, 0.0

    def rise(self) -> None:
        self.level += 1
        self.next_level = self.now + 24 if self.level < 3 else 0.0

    # Actions: each gives the name of the refusal, or "" and leaves its facts

    def act(self, action: str, role: str, department: str, target: str = "", reason: str = "r") -> str:
        self.done = []
        allowed = {"accept": ["assigned"], "return": ["assigned", "accepted"], "handle": ["accepted"]}
        allowed |= {"request-extension": ["assigned", "accepted"], "request-suspension": ["accepted"]}
        allowed |= {"progress": ["accepted"], "resume": ["suspended"], "appeal": ["closed"]}
        if action in allowed:
            if role != "department":
                return "wrong-role"
            if self.state not in allowed[action]:
                return "wrong-state"
            if department != self.lead:
                return "not-the-holder" if action == "progress" else "wrong-department"
            return getattr(self, action.replace("-", "_").replace("return", "give_back"))(target, reason)  # type: ignore[no-any-return]
        owners = {"approve-return": "dispatcher", "refuse-return": "dispatcher", "arbitrate": "duty-officer"}
        owners |= {"approve-extension": "dispatcher", "approve-suspension": "dispatcher"}
        owners |= {"refuse-extension": "dispatcher", "refuse-suspension": "dispatcher"}
        owners |= {"force-close": "operator", "reject": "operator"}
        owners |= {"check-pass": "inspector", "check-fail": "inspector", "reopen": "operator", "decide": "reviewer"}
        open_states = [*COUNTING, "handled", "suspended"]
        states = {"approve-return": ["returned"], "refuse-return": ["returned"], "arbitrate": ["arbitration"]}
        states |= {"approve-extension": ["assigned", "accepted"], "approve-suspension": ["accepted"]}
        states |= {"check-pass": ["handled"], "check-fail": ["handled"], "reopen": ["closed"], "decide": ["review"]}
        states |= {"refuse-extension": ["assigned", "accepted"], "refuse-suspension": ["accepted"]}
        states |= {"force-close": open_states, "reject": open_states}
        owners |= {
            "re-assign": "dispatcher",
            "re-categorise": "dispatcher",
            "supervise": "duty-officer",
            "remind": "reporter",
        }
        states |= {"re-assign": ["assigned", "accepted"], "re-categorise": ["assigned", "accepted"]}
        states |= {"supervise": open_states, "remind": open_states, "comment": [*open_states, "closed", "rejected"]}
        owners |= {"comment": "inspector"}
        if role != owners[action]:
            return "wrong-role"
        if self.state not in states[action]:
            return "wrong-state"
        return getattr(self, action.replace("-", "_"))(target, reason)  # type: ignore[no-any-return]

    def accept(self, target: str, reason: str) -> str:
        self.state = "accepted"
        self.fact("accepted")
        return ""

    def progress(self, target: str, reason: str) -> str:
        self.fact("progressed")
        return ""

    def end(self, name: str, state: str) -> str:
        self.fact(name)
        self.state, self.ended_at = state, self.now
        self.asked = self.suspension_asked = False
        self.fired, self.next_level, self.ordered = set(), 0.0, False
        self.nobody_checks()
        return ""

    ended_at = 0.0

    def force_close(self, target: str, reason: str) -> str:
        return self.end("closed", "closed") if reason else "missing-reason"

    def reject(self, target: str, reason: str) -> str:
        return self.end("rejected", "rejected") if reason else "missing-reason"

    def appeal(self, target: str, reason: str) -> str:
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("already-appealed" if self.appealed else "")
        if not refusal:
            self.appealed = True
            self.fact("appealed")
        return refusal

    appealed = False

    def handle(self, target: str, reason: str) -> str:
        self.state = "handled"
        self.start("check")
        self.fired -= {("breached", "whole")}  # waiting for its check, it is not overdue
        if self.now <= self.due["handle"]:
            self.fired -= {("breached", "handle")}
        self.asked = self.suspension_asked = False
        self.fact("handled")
        return ""

    def check_pass(self, target: str, reason: str) -> str:
        self.fact("checked")
        return self.end("closed", "closed")

    def check_fail(self, target: str, reason: str) -> str:
        self.state, self.attempt = "accepted", self.attempt + 1
        self.nobody_checks()
        self.fact("checked")
        return ""

    def reopen(self, target: str, reason: str) -> str:
        if not reason:
            return "missing-reason"
        self.fact("reopened")
        self.appealed = False
        self.returners, self.returns, self.level = [], 0, 0
        self.extensions = self.suspensions = 0
        self.assign(self.lead, fresh=True)
        return ""

    def assign(self, department: str, binding: bool = False, fresh: bool = False, detour: float = 0.0) -> None:
        self.lead, self.binding, self.state, self.attempt = department, binding, "assigned", self.attempt + 1
        self.asked = self.suspension_asked = False
        self.start("accept", "handle")
        base = self.now if fresh else self.opened
        warned = ("warned", "whole") in self.fired and not fresh and not detour and self.due["whole"] == base + 100
        if fresh:
            self.opened, self.lost = self.now, 0.0
        self.lost += detour
        overdue = ("breached", "whole") in self.fired
        self.start("whole")
        self.begun["whole"] = self.opened
        self.due["whole"] = self.opened + 100 + self.lost
        self.warn["whole"] = self.due["whole"] - 20
        if warned:
            self.fired.add(("warned", "whole"))
        if overdue and self.due["whole"] <= self.now:
            self.fired.add(("breached", "whole"))
        if (not overdue or self.due["whole"] > self.now) and not self.ordered:
            self.level, self.next_level = 0, 0.0
        self.turn_began = self.now
        self.fact("assigned")

    opened = 0.0
    lost = 0.0

    def give_back(self, target: str, reason: str) -> str:
        if not reason:
            return "missing-reason"
        if self.binding:
            return "binding"
        if self.now > self.accept_by():
            return "return-window-over"
        self.returns += 1
        if self.lead not in self.returners:
            self.returners.append(self.lead)
        self.state = "returned"
        self.asked = self.suspension_asked = False
        self.start("return")
        self.fact("returned")
        if self.returns >= 3 or (target and target != self.lead and target in self.returners):
            self.arbitration()
        elif target in SUITABLE and target != self.lead:
            self.return_approved()
            self.category = SUITABLE[target]
            self.assign(target, detour=self.now - self.turn_began)
        return ""

    def re_assign(self, target: str, reason: str) -> str:
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("" if target else "missing-department")
        refusal = refusal or ("binding" if self.binding else "")
        refusal = refusal or ("same-holder" if target == self.lead else "")
        refusal = refusal or ("has-returned-it" if target in self.returners else "")
        if not refusal:
            self.extensions = self.suspensions = 0
            self.fact("taken-back")
            self.assign(target, detour=self.now - self.turn_began)
        return refusal

    def re_categorise(self, target: str, reason: str) -> str:
        """To what `target` would be responsible for; all limits are alike, so nothing moves."""
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("" if target in SUITABLE else "missing-category")
        refusal = refusal or ("same-category" if SUITABLE.get(target) == self.category else "")
        if not refusal:
            self.category = SUITABLE[target]
            self.fact("recategorised")
        return refusal

    def supervise(self, target: str, reason: str) -> str:
        """To level 2, for thirty hours."""
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("bad-level" if self.level > 2 else "")
        if not refusal:
            self.level, self.next_level, self.ordered = 2, self.now + 30, True
            self.fact("supervision-ordered")
        return refusal

    def remind(self, target: str, reason: str) -> str:
        if self.reminded == self.today:
            return "reminded-today"
        self.reminded = self.today
        self.fact("reminded")
        return ""

    def comment(self, target: str, reason: str) -> str:
        if reason:
            self.fact("commented")
        return "" if reason else "missing-reason"

    def return_approved(self) -> None:
        self.extensions = self.suspensions = 0
        self.fact("return-approved")

    def accept_by(self) -> float:
        return self.due["accept"]

    def arbitration(self) -> None:
        self.state = "arbitration"
        self.start("arbitration")
        self.fact("sent-to-arbitration")

    def approve_return(self, target: str, reason: str) -> str:
        if target and target == self.lead:
            return "same-department"
        if target in self.returners:
            self.arbitration()
            return ""
        self.return_approved()
        self.pending_detour = self.turn_began
        if target:
            self.assign(target, detour=self.now - self.turn_began)
        else:
            self.state, self.lead = "review", ""
            self.start("review")
            self.fact("sent-to-review")
        return ""

    pending_detour = -1.0

    def decide(self, target: str, reason: str) -> str:
        self.fact("decided")
        self.category = "pothole"
        if target in self.returners:
            self.arbitration()
            return ""
        self.assign(target or "roads", detour=self.now - self.pending_detour)
        return ""

    def refuse_return(self, target: str, reason: str) -> str:
        if not reason:
            return "missing-reason"
        self.state, self.binding = "assigned", True
        self.start("accept")
        self.fact("return-refused")
        return ""

    def arbitrate(self, target: str, reason: str) -> str:
        if not target:
            return "missing-department"
        if target == self.lead:
            self.state, self.binding = "assigned", True
            self.start("accept")
            self.fact("return-refused")
            return ""
        if self.lead:
            self.return_approved()
            self.pending_detour = self.turn_began
        self.assign(target, binding=True, detour=self.now - self.pending_detour)
        return ""

    def late(self) -> bool:
        return any(self.now > self.due[stage] for stage in ("handle", "whole"))  # at the due time it is in time

    def request_extension(self, target: str, reason: str) -> str:
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("after-breach" if self.late() else "")
        refusal = refusal or ("too-many-extensions" if self.extensions >= 2 else "")
        refusal = refusal or ("already-requested" if self.asked else "")
        if not refusal:
            self.asked = True
            self.fact("extension-requested")
        return refusal

    def approve_extension(self, target: str, reason: str) -> str:
        if not self.asked:
            return "nothing-requested"
        self.asked = False
        self.extensions += 1
        for stage in ("handle", "whole"):
            self.due[stage] += HOURS[stage]
            self.warn[stage] = self.begun[stage] + (self.due[stage] - self.begun[stage]) * 0.8
            self.fired -= {("warned", stage)}
            if self.due[stage] > self.now:
                self.fired -= {("breached", stage)}
        self.fact("extension-approved")
        return ""

    def refuse_extension(self, target: str, reason: str) -> str:
        if not self.asked:
            return "nothing-requested"
        self.asked = False
        self.fact("extension-refused")
        return ""

    def refuse_suspension(self, target: str, reason: str) -> str:
        if not self.suspension_asked:
            return "nothing-requested"
        self.suspension_asked = False
        self.fact("suspension-refused")
        return ""

    def request_suspension(self, target: str, reason: str) -> str:
        refusal = "" if reason else "missing-reason"
        refusal = refusal or ("after-breach" if self.late() else "")
        refusal = refusal or ("already-suspended-once" if self.suspensions >= 1 else "")
        refusal = refusal or ("already-requested" if self.suspension_asked else "")
        if not refusal:
            self.suspension_asked, self.resume_at = True, self.now + 30
            self.fact("suspension-requested")
        return refusal

    def approve_suspension(self, target: str, reason: str) -> str:
        if not self.suspension_asked:
            return "nothing-requested"
        if self.now >= self.resume_at:
            return "missing-until"
        self.suspension_asked, self.state, self.suspended_at = False, "suspended", self.now
        self.suspensions += 1
        self.fired -= {("breached", "whole")}
        self.fact("suspended")
        return ""

    def resume(self, target: str = "", reason: str = "") -> str:
        for stage in ("handle", "whole"):
            stood = self.now - self.suspended_at
            self.due[stage] += stood if self.due[stage] > self.suspended_at else 0
            self.warn[stage] += stood if self.warn[stage] > self.suspended_at else 0
        self.state = "accepted"
        self.fact("resumed")
        return ""
