"""What a starting portal tells on its console."""

from keyportal.cli.console import say
from keyportal.services import sign_in
from keyportal.services.portal import Portal


def announce_set_up(portal: Portal) -> None:
    """Print a one-time code while the portal has no admin. The code before it ends."""
    if not sign_in.needs_set_up(portal):
        return
    code = sign_in.new_setup_code_for(portal).reveal()
    say("")
    say("  This portal has no admin yet. Open")
    say(f"    {portal.settings.public_url}/set-up")
    say(f"  and enter the set-up code  {code}")
    say("")
