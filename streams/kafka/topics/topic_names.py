"""What the topics are called, and what each is for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all topics under one namespace."""

    namespace: str = "paidan"

    def _of(self, name: str) -> str:
        return f"{self.namespace}.{name}"

    def group(self, name: str) -> str:
        """A consumer group, and what the transactional ids of a role begin with; the tables' group is Faust's."""
        return f"{self.namespace}-{name}"

    @property
    def reports(self) -> str:
        """Input: what citizens write."""
        return self._of("reports")

    @property
    def detections(self) -> str:
        """Input: what camera algorithms see."""
        return self._of("detections")

    @property
    def updates(self) -> str:
        """Input: what reporters and officers do with orders, from the gateway and systems that are trusted: an update
        here is by whom it says."""
        return self._of("updates")

    @property
    def units(self) -> str:
        """Input: where mobile units are, and what they do with their tasks."""
        return self._of("units")

    @property
    def above(self) -> str:
        """Input: what platforms above ask for. Whatever is here, one of them has sent."""
        return self._of("above")

    def tasks(self, unit: str) -> str:
        """What one mobile unit is to look at."""
        return self._of(f"tasks.{unit}")

    def updates_of(self, department: str) -> str:
        """Input: what one department does with orders. Whatever is here, the department has sent."""
        return f"{self.updates}.{department}"

    def department_of(self, topic: str) -> str:
        """The department whose updates a topic holds; empty for any other topic."""
        before, _, department = topic.partition(f"{self.updates}.")
        return "" if before else department

    @property
    def inbox(self) -> str:
        """Intake to desk, keyed by area."""
        return self._of("inbox")

    @property
    def urgent(self) -> str:
        """Intake to desk, keyed by area: what is decided before what waits in the inbox."""
        return self._of("urgent")

    @property
    def report_keys(self) -> str:
        """The key of each report whose words are sealed, wrapped by the city's, or who had it destroyed."""
        return self._of("report-keys")

    @property
    def contacts(self) -> str:
        """How reporters are reached, encrypted, for notify alone."""
        return self._of("contacts")

    @property
    def disclosures(self) -> str:
        """Each time that a reporter's contact was opened, without the contact."""
        return self._of("disclosures")

    @property
    def orders(self) -> str:
        """The public log of facts, kept for ever."""
        return self._of("orders")

    @property
    def desk(self) -> str:
        """The desk's changelog: order rows."""
        return self._of("desk")

    @property
    def figures(self) -> str:
        """The desk's changelog: figure rows."""
        return self._of("figures")

    @property
    def archive(self) -> str:
        """The last row of each archived order, kept for ever."""
        return self._of("archive")

    @property
    def packed(self) -> frozenset[str]:
        """Those that stages write and Paidan alone reads: their batches are packed. What others read is not, since not
        every client can unpack it."""
        return frozenset((self.inbox, self.urgent, self.desk, self.figures, self.archive))

    @property
    def notices(self) -> str:
        """What reporters, departments and supervisors are told."""
        return self._of("notices")

    @property
    def upward(self) -> str:
        """What platforms above hear of their orders."""
        return self._of("upward")

    @property
    def rechecks(self) -> str:
        """What cameras are asked to look at again, keyed by camera."""
        return self._of("rechecks")

    @property
    def dead_letters(self) -> str:
        """What could not be taken in, with its bytes and the reason."""
        return self._of("dead-letters")

    @property
    def outcomes(self) -> str:
        """What has become of sightings whose senders wait to hear it."""
        return self._of("outcomes")

    @property
    def unlisted(self) -> str:
        """How often each label has come that the city has not listed."""
        return self._of("unlisted")

    @property
    def claims(self) -> str:
        """Which process owns which input partition."""
        return self._of("claims")

    @property
    def control(self) -> str:
        """Which city pack and which models are in force, and the build of the tables."""
        return self._of("control")

    @property
    def silences(self) -> str:
        """What people have silenced while the city runs."""
        return self._of("silences")

    def tables_group(self, build: int = 1) -> str:
        """The consumer group of the tables' workers; the name is Faust's."""
        return self._of("tables" if build == 1 else f"tables-v{build}")

    def tables_changelog(self, table: str, build: int = 1) -> str:
        """What the tables' workers keep of one stream table; the name is Faust's."""
        return f"{self.tables_group(build)}-{table}-changelog"

    def hub_figures(self, hub: str) -> str:
        """What a hub tells of its own figures."""
        return self._of(f"hubs.{hub}")

    def assignments(self, department: str) -> str:
        """The orders of one department."""
        return self._of(f"assignments.{department}")
