"""People enrol without end, as the gateway asks for it."""

from flow import Flow
from members_client import Members, new_identity, new_member_id


class Enrolments(Flow):
    """`members` then knows whom: member id → identity."""

    def __init__(self, system, a_second=200):
        super().__init__(system, a_second)
        self.client = Members(system)
        self.members = {}

    def publish(self, count):
        for _ in range(count):
            identity, member_id = new_identity(), new_member_id()
            self.client.enrol(identity, member_id)
            self.members[member_id] = identity
        self.client.producer.poll(0)

    def finish(self):
        self.client.flush()
