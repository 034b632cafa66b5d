"""Opening every value once, the last backup, how the key is changed and what losing it means."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.shared.widgets.badge import moment
from keyportal.ui.shared.widgets.copying import copy_button

_COMMAND = ".venv/bin/python -m keyportal"
_ROTATE = f"{_COMMAND} encryption-key rotate --generate"
_BACKUP = f"{_COMMAND} backup /path/of/your/backups/"
_ABANDON = f"{_COMMAND} encryption-key abandon KEY_ID"


def guides() -> rx.Component:
    """What shows that nothing would be lost, and what to do with the key."""
    return rx.box(_verification(), _backup(), _how_to_change(), _if_lost(), class_name="kp-encryption-pairs")


def _verification() -> rx.Component:
    state = EncryptionState
    return _panel(
        "verify",
        "Do all values open?",
        rx.text("Every saved value is opened once and forgotten at once. Nothing is shown.", size="2"),
        rx.box(
            rx.cond(state.is_verifying, rx.text("Opening every value…", size="2")),
            rx.cond(state.verdict.sentence, _verdict()),
            rx.cond(
                state.verify_problem,
                rx.text(state.verify_problem, class_name="kp-error", data_testid="verify-problem"),
            ),
            role="status",
            data_testid="verdict",
        ),
        rx.button(
            "Verify all values",
            variant="soft",
            loading=state.is_verifying,
            on_click=state.verify,
            id="verify-all",
            data_testid="verify-all",
        ),
    )


def _verdict() -> rx.Component:
    verdict = EncryptionState.verdict
    return rx.fragment(
        rx.box(
            rx.cond(
                verdict.is_whole,
                rx.icon("circle-check", size=15, aria_hidden="true"),
                rx.icon("circle-alert", size=15, aria_hidden="true"),
            ),
            rx.el.strong(verdict.sentence),
            class_name=rx.cond(verdict.is_whole, "kp-hint kp-hint-green", "kp-hint kp-hint-amber"),
        ),
        rx.foreach(verdict.lines, lambda line: rx.text(line, size="2")),
        rx.cond(
            verdict.is_damaged,
            rx.text(
                "What is damaged has to be entered again by whoever it belongs to. It is listed as ",
                rx.link("Unreadable among the system keys", href=f"{routes.SYSTEM_KEYS}?status=unreadable"),
                ", or in its owner's own list.",
                size="2",
            ),
        ),
    )


def _backup() -> rx.Component:
    shown = EncryptionState.shown
    return _panel(
        "backup",
        "Backup",
        rx.cond(
            shown.backup_at,
            rx.box(
                rx.text("The last one was made ", moment(shown.backup_at), ".", size="2"),
                rx.text(shown.backup_file, class_name="kp-sub kp-mono kp-anywhere"),
                data_testid="last-backup",
            ),
            rx.text("No backup was made yet.", size="2", data_testid="last-backup"),
        ),
        rx.cond(
            shown.backup_is_due,
            rx.box(
                rx.icon("circle-alert", size=15, aria_hidden="true"),
                rx.el.span("Make one now, on the server, in the portal's folder:"),
                class_name="kp-hint kp-hint-amber",
                data_testid="backup-due",
            ),
        ),
        _command("backup-command", "Command that makes a backup", _BACKUP),
        rx.text(
            "The encryption key is not in it. Keep a copy of .env somewhere else: each is worth nothing"
            " without the other.",
            class_name="kp-help",
        ),
    )


def _how_to_change() -> rx.Component:
    return _panel(
        "change",
        "Change the key",
        rx.text(
            "Once a year, or when somebody who could read .env has left. Nothing is interrupted.", size="2"
        ),
        rx.el.ol(
            rx.el.li(
                rx.text("On the server, in the portal's folder:", size="2"),
                _command("rotate-command", "Command that makes a new key", _ROTATE),
                rx.text(
                    "A new key is written into .env, and the present one stays beside it. Back .env up. Where"
                    " the key comes from elsewhere, the command says so, and what to do instead.",
                    class_name="kp-help",
                ),
            ),
            rx.el.li(rx.text("Restart the portal, and every serve-api.", size="2")),
            rx.el.li(
                rx.text(
                    "Come back here and press Re-seal. When it is done, this page says which key may be"
                    " taken out.",
                    size="2",
                )
            ),
            class_name="kp-encryption-steps",
        ),
    )


def _if_lost() -> rx.Component:
    return _panel(
        "lost",
        "If the key is lost",
        rx.text(
            "Without it nobody can open the saved values, whoever has the database. Look in every backup of"
            " .env for the key with the id that is missing.",
            size="2",
        ),
        rx.text(
            "If it is nowhere, the server's command line can give it up. The values it sealed are then"
            " forgotten and wait to be entered again; names, links, order and counts stay.",
            size="2",
        ),
        _command("abandon-command", "Command that gives a lost key up", _ABANDON),
        rx.text(
            "docs/operations.md has all of this at length: backup, restore, a key that is wrong or lost.",
            class_name="kp-help",
        ),
    )


def _panel(name: str, title: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.heading(title, size="3", as_="h2", id=f"encryption-{name}"),
        *content,
        aria_labelledby=f"encryption-{name}",
        class_name="kp-panel kp-encryption-panel",
    )


def _command(input_id: str, label: str, command: str) -> rx.Component:
    return rx.box(
        rx.el.textarea(
            id=input_id,
            read_only=True,
            rows="2",
            value=command,
            aria_label=label,
            spell_check=False,
            class_name="kp-input kp-mono kp-whole-value kp-command",
        ),
        copy_button(input_id, f"copy-{input_id}"),
        class_name="kp-command-line",
    )
