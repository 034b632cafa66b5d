"""What the browser gets of one's own agent keys here: just enough to know them again."""

from dataclasses import dataclass

from keyportal.services.agent_keys import AgentKeyView


@dataclass(frozen=True)
class AgentKeyLine:
    id: str
    name: str
    mask: str
    status: str
    last_used_at: str


def agent_key_line(view: AgentKeyView) -> AgentKeyLine:
    last_used_at = view.last_used_at.isoformat() if view.last_used_at else ""
    return AgentKeyLine(view.id, view.name, view.mask, view.status, last_used_at)
